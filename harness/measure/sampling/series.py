"""One figure over time, and its summary. Nothing here looks at anything.

Names have two or three parts, from the general to the particular:

    queue.<role>.depth          messages that wait or are being worked on
    queue.<role>.oldest_age     s, since the oldest of them was sent
    backlog.oldest_age          s, since the oldest file without an end was uploaded
    lambda.<role>.concurrency   invocations that run
    lambda.<role>.invocations   1/s
    lambda.<role>.errors        1/s
    lambda.<role>.throttles     1/s
    lambda.<role>.duration      ms, mean of the invocations that ended since the look before
    sfn.<role>.running          executions that run
    sfn.<role>.started          1/s
    sftp.sessions               sessions that are logged in
    sftp.uploads                files that are open for writing
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Series:
    """Readings in the order in which they were taken. A look that nobody answered is left out."""

    unit: str
    """`messages`, `s`, `ms`, `1/s`, `sessions` and the like, for an axis."""
    at: Sequence[float] = ()
    """Seconds since the epoch."""
    value: Sequence[float] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as in `series.json`."""
        return {
            "unit": self.unit,
            "at": [round(at, 2) for at in self.at],
            "value": [round(value, 3) for value in self.value],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Series:
        """Read what `to_json` has written; raises `KeyError` or `TypeError` on anything else."""
        return cls(content["unit"], list(content["at"]), list(content["value"]))

    def summary(self) -> dict[str, Any]:
        """Return it as in `samples` of `summary.json`; without readings all but `count` is null.

        `mean` weighs every reading alike, which is right for looks at regular intervals.
        """
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
    """What all looking of the harness has cost, in its own process and in the engine's answers."""

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
