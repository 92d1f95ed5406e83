"""The SFTP server's own list of uploads, `uploads.jsonl`: how a version id reaches the ledger.

One line per upload that ended: `closed` (an object appeared, with this version id), `partial` (one appeared
that holds what had arrived when the session ended) or `aborted` (none did). `renamed` is a new object too,
under the new key.
A stack that is kept has uploads of earlier runs in it, so readers say from when on they want them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.exceptions import SettleError
from harness.measure.etag import md5_of
from harness.measure.jsonl import JsonlTail, Line


@dataclass(slots=True)
class ClosedUpload:
    """One object that an SFTP session created."""

    key: str
    version_id: str
    size_bytes: int
    closed_at: float
    md5: int | None = None
    """Of its bytes, where S3's ETag tells it."""


@dataclass(slots=True)
class PartialUpload:
    """One upload that broke off and left an object with what had arrived: never a file that was uploaded."""

    key: str
    version_id: str
    size_bytes: int
    closed_at: float
    reason: str


@dataclass(slots=True)
class AbortedUpload:
    """One upload that ended without an object."""

    key: str
    at: float
    reason: str


_APPEARED = frozenset({"closed", "renamed"})

SftpEvent = ClosedUpload | PartialUpload | AbortedUpload


class UploadsReader:
    """Reads one `uploads.jsonl`, bit by bit or whole."""

    def __init__(self, uploads_file: Path, bucket: str) -> None:
        self._tail = JsonlTail(uploads_file)
        self._bucket = bucket

    def poll(self, not_before: float = 0.0) -> list[SftpEvent]:
        """Return what was added since the last call and ended at `not_before` (epoch seconds) or later.

        :raises SettleError: a complete line is damaged
        """
        return list(self._events(self._tail.read(), not_before))

    def finish(self, not_before: float) -> Iterator[SftpEvent]:
        """Read to the end, one by one. Raises `SettleError` as `poll` does."""
        return self._events(self._tail.finish(), not_before)

    def _events(self, lines: Iterable[Line], not_before: float) -> Iterator[SftpEvent]:
        bucket = self._bucket
        for line in lines:
            event = _parse(line)
            at = event.at if isinstance(event, AbortedUpload) else event.closed_at
            if at >= not_before and line.data.get("bucket", bucket) == bucket:
                yield event


def _parse(line: Line) -> SftpEvent:
    data = line.data
    kind = line.field("event")
    if kind in _APPEARED:
        try:
            return ClosedUpload(
                data["key"],
                data.get("version_id") or "null",
                data["size_bytes"],
                data["closed_at"],
                md5_of(data.get("etag")),
            )
        except KeyError as exc:
            raise line.lacks(exc) from None
    if kind == "partial":
        return PartialUpload(
            key=line.field("key"),
            version_id=line.data.get("version_id") or "null",
            size_bytes=line.field("size_bytes"),
            closed_at=line.field("closed_at"),
            reason=line.data.get("reason") or "unknown",
        )
    if kind == "aborted":
        return AbortedUpload(line.field("key"), line.field("at"), line.data.get("reason") or "unknown")
    raise SettleError(f"{line.place}: unknown event {kind!r}", hint="The file is of a newer version.")
