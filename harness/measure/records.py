"""One file's story, and the closed set of ways it can end.

Measuring fills these records, reports render them. Column names are those of `files.parquet`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.load.ledger_format import DEFAULT_EXPECTS, DEFAULT_KIND


class Outcome(StrEnum):
    """How a file ended. Disjoint; the order from `DELIVERED` on is the order of precedence."""

    NOT_STARTED = "not_started"
    """The generator could not start it in time."""
    UPLOAD_FAILED = "upload_failed"
    """The SFTP server refused it, or the connection could not be made."""
    ABORTED = "aborted"
    """The upload was cut off: no object appeared, or a partial one that the pipeline must not deliver."""
    DELIVERED = "delivered"
    """A destination version exists for it."""
    FAILED = "failed"
    """The pipeline recorded a failure for it."""
    DLQ = "dlq"
    """Its message is in the dead-letter queue and no failure was recorded."""
    SUPERSEDED = "superseded"
    """Its source was renamed, deleted or replaced before it could be copied."""
    IN_FLIGHT = "in_flight"
    """It was still under way when the waiting time ended."""
    LOST = "lost"
    """Uploaded, and nothing anywhere knows of it any more."""


class Check(StrEnum):
    """What a delivered file was checked by."""

    SHA256 = "sha256"
    """Its bytes were read back and hashed."""
    ETAG = "etag"
    """Size and ETag (MD5) are those of what the SFTP server stored."""
    SIZE = "size"
    """Its size is that of what was sent; the ETags cannot be compared."""
    SAMPLE = "sample"
    """Nothing but that others like it were read back: sizes and ETags tell nothing of this pipeline."""


@dataclass(slots=True)
class FileRecord:
    """One offered file. Times are seconds since the epoch; `None` where the stage was not reached."""

    ledger_id: str
    key: str
    customer_id: str
    size_bytes: int
    intended_at: float
    outcome: Outcome
    file_id: str | None = None
    version_id: str | None = None
    digest: bytes | None = None
    """SHA-256 of what was sent; half the memory of its text."""
    started_at: float | None = None
    closed_at: float | None = None
    queued_at: float | None = None
    first_received_at: float | None = None
    handler_started_at: float | None = None
    handler_ended_at: float | None = None
    cause: str | None = None
    """Short and groupable, such as an AWS error code or an exception's class name."""
    error_message: str | None = None
    attempts: int | None = None
    redrives: int = 0
    """How often it was brought back after it had failed for good."""
    destination_versions: int = 0
    """Versions at the destination that belong to this `file_id`; more than one is a duplicate."""
    corrupted: bool = False
    """The SHA-256 of the delivered bytes differs from the sender's."""
    partial: bool = False
    """It broke off, and what had arrived is an object in the source bucket."""
    verified: bool = False
    """The delivered bytes were read back and hashed."""
    checked_by: Check | None = None
    """What the delivered bytes were checked by; `None` where nothing could be."""
    kind: str = DEFAULT_KIND
    """What the client was to do with it."""
    expects: str = DEFAULT_EXPECTS
    """How it should end; see `harness.measure.expected`."""
    replaced: bool = False
    """It was superseded by a later upload of its key, as S3 has it."""

    @property
    def sha256(self) -> str | None:
        """Of what was sent, in hexadecimal digits."""
        return None if self.digest is None else self.digest.hex()
