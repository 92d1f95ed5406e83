"""One figure over time, and its summary. Nothing here looks at anything.

| name | unit | what |
|---|---|---|
| `queue.<role>.depth` | messages | that wait or are being worked on |
| `queue.<role>.oldest_age` | s | since the oldest of them was sent; 0 for an empty queue |
| `queue.<role>.receives` | receives | highest receive count of the messages that are being worked on |
| `backlog.oldest_age` | s | since the oldest file without an end was uploaded; 0 without any |
| `lambda.<role>.concurrency` | invocations | most that ran at once since the look before |
| `lambda.<role>.invocations` | 1/s | that ended |
| `lambda.<role>.errors`, `.throttles` | 1/s | that failed, that were refused |
| `lambda.<role>.duration` | ms | mean of those that ended since the look before; left out when none did |
| `sfn.<role>.running` | executions | that run |
| `sfn.<role>.started`, `.failed` | 1/s | that began, that ended badly |
| `sftp.sessions` | sessions | that are logged in |
| `sftp.logins` | 1/s | sessions that began |
| `machine.others` | cores | kept busy by processes that are not the run's |

`<role>` is the role in the stack's description (`work`, `worker`, `parent`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_POINTS = 3600
"""Of one series in `series.json`: two hours of looks two seconds apart."""


@dataclass(frozen=True, slots=True)
class FunctionUse:
    """What one Lambda function did in the run."""

    invocations: int
    errors: int
    throttles: int
    duration_mean_ms: float | None
    """`None` without invocations."""
    concurrency_max: int


@dataclass(frozen=True, slots=True)
class Series:
    """Readings in the order in which they were taken. A look that nobody answered is left out."""

    unit: str
    """`messages`, `s`, `ms`, `1/s`, `sessions` and the like, for an axis."""
    at: Sequence[float] = ()
    """Seconds since the epoch."""
    value: Sequence[float] = ()
    whole: Mapping[str, Any] | None = None
    """Its summary, where the readings are means of what it was made of."""

    def to_json(self) -> dict[str, Any]:
        """Return it as in `series.json`: of a long run, means of neighbouring readings."""
        step = -(-len(self.at) // MAX_POINTS) or 1
        return {
            "unit": self.unit,
            "at": [round(mean, 2) for mean in _means(self.at, step)],
            "value": [round(mean, 3) for mean in _means(self.value, step)],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Series:
        """Read what `to_json` has written; raises `KeyError` or `TypeError` on anything else."""
        return cls(content["unit"], list(content["at"]), list(content["value"]))

    def summary(self) -> dict[str, Any]:
        """Return it as in `samples` of `summary.json`; without readings all but `count` is null.

        `mean` weighs every reading alike, which is right for looks at regular intervals.
        """
        if self.whole is not None:
            return dict(self.whole)
        known = bool(self.value)
        return {
            "unit": self.unit,
            "count": len(self.value),
            "mean": round(sum(self.value) / len(self.value), 3) if known else None,
            "max": round(max(self.value), 3) if known else None,
            "last": round(self.value[-1], 3) if known else None,
        }


@dataclass(frozen=True, slots=True)
class SamplingCost:
    """What all looking of the harness has cost, in its own process and in the engine's answers.

    Of the engine, without its HTTP layer: 3 ms for each look (`benchmarks/sampling.py`).
    """

    cpu_s: float
    looks: int
    machine_share: float
    """Of all CPU time that the machine had meanwhile, 0 to 1."""

    def to_json(self) -> dict[str, Any]:
        """Return it as `sampling` of `summary.json`."""
        return {
            "cpu_s": round(self.cpu_s, 3),
            "looks": self.looks,
            "machine_share": round(self.machine_share, 5),
        }


@dataclass(frozen=True)
class Samples:
    """All that was sampled in one run."""

    series: Mapping[str, Series] = field(default_factory=dict)
    """By name; a figure that this engine or route does not have is absent."""
    cost: SamplingCost | None = None
    functions: Mapping[str, FunctionUse] = field(default_factory=dict)
    """`lambda` of `summary.json`, by role of the function; empty where the engine does not tell."""


def _means(values: Sequence[float], step: int) -> list[float]:
    chunks = (values[start : start + step] for start in range(0, len(values), step))
    return [sum(chunk) / len(chunk) for chunk in chunks]
