"""What a story is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened."""

    at: float
    """Seconds since the epoch, on the clock of `source`."""
    source: str
    """Who tells it: `ledger`, `sftp`, `sftp log`, `row`, `log`, `execution`, `destination` and the like."""
    text: str


@dataclass(frozen=True, slots=True)
class FileRef:
    """One offered file. What is not known of it is `None`."""

    ledger_id: str
    key: str
    temp_key: str | None = None
    """Name that it has while it is written, where the client renames it afterwards."""
    file_id: str | None = None
    version_id: str | None = None
    settled: Mapping[str, Any] = field(default_factory=dict)
    """Its row of `files.parquet`; empty before the run is settled."""

    @property
    def names(self) -> tuple[str, ...]:
        """Keys under which it is spoken of."""
        return (self.key, self.temp_key) if self.temp_key else (self.key,)

    @property
    def marks(self) -> tuple[str, ...]:
        """Words by which a line about it is known."""
        return tuple(mark for mark in (*self.names, self.file_id) if mark)


@dataclass
class Story:
    """All that is known of one file."""

    file: FileRef
    moments: list[Moment] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    """What has no time of its own, such as where a message is now."""
    gaps: list[str] = field(default_factory=list)
    """What could not be looked at, in sentences."""

    @property
    def began_at(self) -> float:
        """The intended time; where neither ledger nor report has it, the first moment that is known."""
        told = (moment.at for moment in self.moments if moment.source == "ledger")
        if (settled := self.file.settled.get("intended_at")) is not None:
            return next(told, float(settled.timestamp()))
        return next(told, min((moment.at for moment in self.moments), default=0.0))

    def in_order(self) -> list[Moment]:
        return sorted(self.moments, key=lambda moment: moment.at)
