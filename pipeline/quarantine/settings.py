"""Environment variables of the quarantine: those of copying, records and clients, and

* QUARANTINE_BUCKET, DEADLINE_RESERVE_S=5
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.common.settings import TransferSettings


@dataclass(frozen=True, kw_only=True)
class QuarantineSettings(TransferSettings):
    """The quarantine."""

    quarantine_bucket: str
    """Gets copies that were made before the upload was known to be partial; a lifecycle rule empties it."""
    deadline_reserve_s: float = 5.0
    """Time that is kept at the end of an invocation for a last look and the row."""
