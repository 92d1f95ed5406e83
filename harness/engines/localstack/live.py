"""What goes on in a LocalStack right now, by our plugin's count (`floodgate_localstack.live`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.engines.localstack.plugin_api import PluginApi

PATH = "live"


@dataclass(frozen=True)
class LiveFigures:
    """One answer. Totals count from the start of the engine."""

    at: float
    """Engine's clock, seconds since the epoch."""
    functions: dict[str, dict[str, float]]
    """By name: `invocations`, `errors`, `throttles`, `duration_ms`, `running`, `peak`, `busy_s`."""
    executions: dict[str, dict[str, int]]
    """By ARN of the state machine: `started`, `running`, `failed`."""
    queues: dict[str, dict[str, Any]]
    """By name: `visible`, `in_flight`, `delayed`, `oldest_age_s` (or `None`), `receives`."""
    cpu_s: float
    """What all such answers have cost the engine so far."""
    asked: int
    """How many there were."""


def read(api: PluginApi, since: float) -> LiveFigures:
    """Ask once.

    :param since: the moment from which on peaks are wanted (epoch seconds)
    :raises UsageError: this LocalStack runs without our plugin, or with an older one
    :raises AwsError: it refused
    :raises StackLostError: it does not answer
    """
    return LiveFigures(**api.call("GET", f"{PATH}?since={since:.3f}"))
