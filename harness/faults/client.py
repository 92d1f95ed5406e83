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


def require_possible(engine: str, rules: Sequence[FaultRule]) -> None:
    """Refuse rules before anything is started for them; in an account a stack would be paid for in vain.

    :param engine: as `--engine` takes it
    :raises UsageError: there are rules, and the engine has no fault layer
    """
    if rules and not registry.may_have_plugin(engine):
        raise _no_layer(engine)


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
        raise _no_layer(engine.name)
    return api


def _no_layer(engine: str) -> UsageError:
    return UsageError(
        f"the engine {engine} has no fault layer",
        hint="run without --fault, or with --engine localstack",
    )
