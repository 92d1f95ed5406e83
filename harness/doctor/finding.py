"""What one look at the machine has found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How good it is. The values are part of what `floodgate doctor --json` promises."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing that was asked for needs it."""
    WARNING = "warning"
    """It works, but less well, or something is lying about."""
    FAILED = "failed"
    """What was asked for cannot work like this."""
    UNKNOWN = "unknown"
    """The look itself went wrong, or took too long."""


@dataclass(frozen=True)
class Finding:
    """One finding.

    :param id: stable name, `<group>.<what>`; scripts branch on it
    :param summary: one sentence for the user
    :param fix: what mends it; every finding that is not well has one
    :param mendable: `floodgate doctor --fix` mends it
    :param details: figures behind the sentence, by names with units
    """

    id: str
    status: Status
    summary: str
    fix: str | None = None
    mendable: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """The part of the id before the first dot."""
        return self.id.partition(".")[0]

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "group": self.group,
            "status": self.status.value,
            "summary": self.summary,
            "fix": self.fix,
            "mendable": self.mendable,
            "details": dict(self.details),
        }


def ok(name: str, summary: str, **details: Any) -> Finding:
    """Return a finding that all is well."""
    return Finding(name, Status.OK, summary, details=details)


def note(name: str, summary: str, *, fix: str | None = None, **details: Any) -> Finding:
    """Return a finding that needs no deed."""
    return Finding(name, Status.NOTE, summary, fix, details=details)


def warning(name: str, summary: str, *, fix: str, mendable: bool = False, **details: Any) -> Finding:
    """Return a finding of something that works less well, or lies about."""
    return Finding(name, Status.WARNING, summary, fix, mendable, details)


def failed(name: str, summary: str, *, fix: str, mendable: bool = False, **details: Any) -> Finding:
    """Return a finding of something that is needed and missing."""
    return Finding(name, Status.FAILED, summary, fix, mendable, details)
