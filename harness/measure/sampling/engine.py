"""Figures that the engine itself tells about functions, executions and queues, in one answer each time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from harness.engines.localstack.live import LiveFigures
from harness.measure.sampling.readings import Reading
from harness.measure.sampling.series import FunctionUse
from harness.stack.description import StackDescription

ReadLive = Callable[[float], LiveFigures]
"""Takes the moment since which peaks are wanted."""
_NOTHING: Mapping[str, float] = {}


class EngineSource:
    """Turns totals into rates between two looks. Only what the stack's description names is told.

    :param read: asks the engine; see `registry.live_figures`
    """

    def __init__(self, read: ReadLive, description: StackDescription) -> None:
        self._read = read
        self._queues = {role: url.rpartition("/")[2] for role, url in description.queues.items()}
        self._functions = description.functions
        self._machines = description.state_machines
        self._first: LiveFigures | None = None
        self._last: LiveFigures | None = None
        self._peaks: dict[str, int] = {}

    @property
    def engine_cpu_s(self) -> float:
        """What answering has cost the engine."""
        return self._last.cpu_s - self._first.cpu_s if self._first and self._last else 0.0

    def read(self, at: float) -> Iterable[Reading]:
        """Ask once; see `Source`. The first answer gives no rates, because nothing is known before it."""
        before = self._last
        found = self._read(before.at if before else at)
        self._first, self._last = self._first or found, found
        return [
            *self._of_queues(found),
            *(self._of_functions(before, found) if before else ()),
            *(self._of_machines(before, found) if before else ()),
        ]

    def functions(self) -> dict[str, FunctionUse]:
        """Return what the functions did between the first and the last look, by role."""
        first, last = self._first, self._last
        if first is None or last is None:
            return {}
        return {
            role: _use(first.functions.get(name, _NOTHING), last.functions[name], self._peaks.get(role, 0))
            for role, name in self._functions.items()
            if name in last.functions
        }

    def _of_queues(self, found: LiveFigures) -> Iterator[Reading]:
        for role, name in self._queues.items():
            if (queue := found.queues.get(name)) is not None:
                depth = queue["visible"] + queue["in_flight"] + queue["delayed"]
                yield Reading(f"queue.{role}.depth", "messages", depth)
                yield Reading(f"queue.{role}.oldest_age", "s", queue["oldest_age_s"] or 0.0)
                yield Reading(f"queue.{role}.receives", "receives", queue["receives"])

    def _of_functions(self, before: LiveFigures, found: LiveFigures) -> Iterator[Reading]:
        elapsed_s = found.at - before.at
        for role, name in self._functions.items():
            if elapsed_s > 0 and (function := found.functions.get(name)) is not None:
                earlier = before.functions.get(name, _NOTHING)
                self._peaks[role] = max(self._peaks.get(role, 0), int(function["peak"]))
                yield from _function(f"lambda.{role}", function, earlier, elapsed_s)

    def _of_machines(self, before: LiveFigures, found: LiveFigures) -> Iterator[Reading]:
        elapsed_s = found.at - before.at
        for role, arn in self._machines.items():
            if elapsed_s > 0 and (machine := found.executions.get(arn)) is not None:
                yield Reading(f"sfn.{role}.running", "executions", machine["running"])
                for figure in ("started", "failed"):
                    grown = _growth(machine, before.executions.get(arn, _NOTHING), figure)
                    yield Reading(f"sfn.{role}.{figure}", "1/s", grown / elapsed_s)


def _function(
    prefix: str, now: Mapping[str, Any], before: Mapping[str, Any], elapsed_s: float
) -> Iterator[Reading]:
    yield Reading(f"{prefix}.concurrency", "invocations", now["peak"])
    for figure in ("invocations", "errors", "throttles"):
        yield Reading(f"{prefix}.{figure}", "1/s", _growth(now, before, figure) / elapsed_s)
    if ended := _growth(now, before, "invocations"):
        yield Reading(f"{prefix}.duration", "ms", _growth(now, before, "duration_ms") / ended)


def _growth(now: Mapping[str, Any], before: Mapping[str, Any], figure: str) -> float:
    """Return by how much a total has grown; an engine that was started again counts from 0."""
    return max(0.0, float(now[figure]) - float(before.get(figure, 0)))


def _use(first: Mapping[str, Any], last: Mapping[str, Any], peak: int) -> FunctionUse:
    invocations = int(_growth(last, first, "invocations"))
    return FunctionUse(
        invocations=invocations,
        errors=int(_growth(last, first, "errors")),
        throttles=int(_growth(last, first, "throttles")),
        duration_mean_ms=_growth(last, first, "duration_ms") / invocations if invocations else None,
        concurrency_max=peak,
    )
