"""The two identities that every run must satisfy, in one place for all renderings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

OFFERED_PARTS = ("not_started", "upload_failed", "aborted", "uploaded")
UPLOADED_PARTS = ("delivered", "failed", "dlq", "superseded", "in_flight", "lost")
DEFECTS = ("lost", "duplicated", "corrupted")
"""What may never happen, whatever a scenario allows."""

MEANING = {
    "not_started": "the generator could not start them in time",
    "upload_failed": "the SFTP server refused them or could not be reached",
    "aborted": "the upload was cut off: no object appeared, or a partial one that is not delivered",
    "uploaded": "closed by the SFTP client without an error",
    "delivered": "a version exists at the destination",
    "failed": "the pipeline recorded a failure",
    "dlq": "the message is in the dead-letter queue, and no failure was recorded",
    "superseded": "the source was renamed, deleted or replaced before it could be copied",
    "in_flight": "still under way when the waiting time ended",
    "lost": "uploaded, and nothing knows of them any more",
    "duplicated": "destination versions beyond one per file",
    "corrupted": "the delivered bytes differ from the sender's",
}
"""Counts in words."""
LABELS = {"dlq": "in the DLQ"} | {name: name.replace("_", " ") for name in MEANING if name != "dlq"}
"""Short names of counts."""


@dataclass(frozen=True)
class Identity:
    """`total` must equal the sum of `parts`."""

    total_name: str
    total: int
    parts: Mapping[str, int]

    @property
    def difference(self) -> int:
        """Files that the total has and the parts lack; negative when the parts have more."""
        return self.total - sum(self.parts.values())

    @property
    def holds(self) -> bool:
        return self.difference == 0

    def with_numbers(self) -> str:
        """Return e.g. `3 = 0 + 0 + 0 + 3`, or `≠` in place of `=`."""
        sign = "=" if self.holds else "≠"
        return f"{self.total:,} {sign} " + " + ".join(f"{count:,}" for count in self.parts.values())

    def with_names(self) -> str:
        return f"{self.total_name} = " + " + ".join(self.parts)


def identities(files: Mapping[str, int]) -> list[Identity]:
    """Return both identities of a summary's `files`."""
    return [
        Identity("offered", files["offered"], {name: files[name] for name in OFFERED_PARTS}),
        Identity("uploaded", files["uploaded"], {name: files[name] for name in UPLOADED_PARTS}),
    ]
