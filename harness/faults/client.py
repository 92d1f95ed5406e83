"""Rules on their way to an engine, and the counts on their way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.engines import registry
from harness.engines.base import EngineInfo
from harness.engines.localstack.plugin_api import PluginApi
from harness.exceptions import UsageError
from harness.faults.rules import FaultCount, FaultRule

PATH = "faults"


def apply(engine: EngineInfo, rules: Sequence[FaultRule], seed: int = 0) -> list[FaultCount]:
    """Set exactly these rules; counts and time windows begin anew.

    :param seed: decides which of what a rule meets it changes: the same of the first n in each run
    :raises UsageError: the engine has no fault layer
    :raises StackLostError: the engine does not answer
    """
    return _send(engine, "PUT", rules, seed)


def add(engine: EngineInfo, rules: Sequence[FaultRule], seed: int = 0) -> list[FaultCount]:
    """Set these rules besides those that are set; raises as `apply`."""
    return _send(engine, "POST", rules, seed)


def clear(engine: EngineInfo) -> list[FaultCount]:
    """Remove all rules and return the counts that they had; raises as `apply`."""
    return _counts(_api(engine).call("DELETE", PATH))


def listing(engine: EngineInfo) -> list[FaultCount]:
    """Return the rules that are set; raises as `apply`."""
    return _counts(_api(engine).call("GET", PATH))


def _send(engine: EngineInfo, method: str, rules: Sequence[FaultRule], seed: int) -> list[FaultCount]:
    body = {"rules": [rule.to_json() for rule in rules], "seed": seed}
    return _counts(_api(engine).call(method, PATH, body))


def _counts(answer: dict[str, Any]) -> list[FaultCount]:
    return [FaultCount(rule["text"], rule["matched"], rule["hits"]) for rule in answer["rules"]]


def _api(engine: EngineInfo) -> PluginApi:
    api = registry.plugin_api(engine)
    if api is None:
        raise UsageError(
            f"the engine {engine.name} has no fault layer",
            hint="run without --fault, or with --engine localstack",
        )
    return api
