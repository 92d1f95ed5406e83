"""Which uploads a worker has open, in a file that outlives it: so that they end in the journal even when the
worker is killed.

A killed process cannot write its last lines. Its successor, which the supervisor starts with the same file,
reads which uploads were open, asks S3 what became of each, and writes the lines.

The file has a slot for each open upload: two bytes of length, then the upload. A write into the page cache
costs 2 µs and is there after `kill -9`; after a crash of the whole machine it may not be.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness import clock
from harness.sftp.journal import UploadJournal, UploadRef
from harness.sftp.storage.base import ObjectInfo, ObjectNotFoundError, Storage, StorageError, StoredObject

SLOT_BYTES = 8192
"""Enough for a key of 1,024 bytes that JSON writes as six each. The file is sparse."""
_LENGTH_BYTES = 2


@dataclass(frozen=True)
class OpenedUpload:
    """An upload that had not ended. `started_at` is in seconds since the epoch."""

    ref: UploadRef
    started_at: float
    is_partial: bool = False
    """Its session had ended, and what had arrived was being kept."""
    multipart_id: str | None = None
    """Of the multipart upload that it had begun in S3."""


class OpenUploads:
    """The slots of one worker.

    :param path: taken over with what a predecessor left in it
    :raises OSError: it cannot be used
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._slots: dict[UploadRef, list[int]] = defaultdict(list)
        found = _read(path.read_bytes())
        for slot, upload in found.items():
            self._slots[upload.ref].append(slot)
        self._count = max(found, default=-1) + 1
        self._free = [slot for slot in range(self._count) if slot not in found]
        self.left_open = sorted(found.values(), key=lambda upload: upload.started_at)
        """What a worker that has died left open, the oldest first."""

    def opened(self, ref: UploadRef, started_at: float | None = None) -> None:
        """Note an upload, which began now unless told otherwise. Raises `OSError`."""
        slot = self._free.pop() if self._free else self._count
        self._count = max(self._count, slot + 1)
        self._write(slot, OpenedUpload(ref, clock.now() if started_at is None else started_at))
        self._slots[ref].append(slot)

    def in_parts(self, ref: UploadRef, multipart_id: str) -> None:
        """Note that there is something in S3 that must be taken back. Raises `OSError`."""
        self._change(ref, multipart_id=multipart_id)

    def keeping(self, ref: UploadRef) -> None:
        """Note that the object, once it is there, is a part of a file. Raises `OSError`."""
        self._change(ref, is_partial=True)

    def _change(self, ref: UploadRef, **fields: Any) -> None:
        for slot in self._slots.get(ref, [])[-1:]:
            start = os.pread(self._descriptor, SLOT_BYTES, slot * SLOT_BYTES)
            self._write(slot, replace(_read(start)[0], **fields))

    def ended(self, ref: UploadRef) -> None:
        """Forget an upload, of which the journal has a line now. Raises `OSError`."""
        slots = self._slots.get(ref)
        if not slots:
            return
        slot = slots.pop()
        if not slots:
            del self._slots[ref]
        os.pwrite(self._descriptor, bytes(_LENGTH_BYTES), slot * SLOT_BYTES)
        self._free.append(slot)

    def _write(self, slot: int, upload: OpenedUpload) -> None:
        ref = upload.ref
        whose = (ref.user, ref.bucket, ref.key, ref.session_id)
        text = json.dumps((*whose, upload.started_at, upload.is_partial, upload.multipart_id)).encode()
        os.pwrite(self._descriptor, len(text).to_bytes(_LENGTH_BYTES, "big") + text, slot * SLOT_BYTES)

    def close(self) -> None:
        """Remove the file, unless uploads are still open."""
        os.close(self._descriptor)
        if not self._slots:
            self._path.unlink(missing_ok=True)


def _read(content: bytes) -> dict[int, OpenedUpload]:
    """Return uploads by slot."""
    found = {}
    for start in range(0, len(content), SLOT_BYTES):
        body = start + _LENGTH_BYTES
        length = int.from_bytes(content[start:body], "big")
        if length:
            fields = json.loads(content[body : body + length])
            found[start // SLOT_BYTES] = OpenedUpload(UploadRef(*fields[:4]), *fields[4:])
    return found


async def settle(
    uploads: Iterable[OpenedUpload],
    storage: Storage,
    journal: UploadJournal,
    journal_file: Path,
    on_partial: Callable[[OpenedUpload, ObjectInfo], None],
) -> None:
    """Write the lines that a dead worker owes: `closed` or `partial` where its object is there, otherwise
    `aborted`. What it told to be partial may not have reached the event bus, and is told again.
    """
    for upload in uploads:
        if upload.is_partial and (told := _partial_line(upload, journal_file)):
            on_partial(upload, told)
        else:
            await _settle_one(upload, storage, journal, journal_file, on_partial)


async def _settle_one(
    upload: OpenedUpload,
    storage: Storage,
    journal: UploadJournal,
    journal_file: Path,
    on_partial: Callable[[OpenedUpload, ObjectInfo], None],
) -> None:
    try:
        await _take_back_parts(upload, storage)
        found = await _stored(upload, storage, journal_file)
    except StorageError as exc:
        journal.aborted(upload.ref, 0, f"the worker died; S3 did not tell what it left: {exc}")
        return
    if found is None:
        journal.aborted(upload.ref, 0, "the worker died")
        return
    stored = StoredObject(found.etag, found.version_id)
    if upload.is_partial:
        journal.partial(upload.ref, stored, found.size_bytes, "session ended; the worker died")
        on_partial(upload, found)
    else:
        journal.closed(upload.ref, stored, found.size_bytes)


async def _take_back_parts(upload: OpenedUpload, storage: Storage) -> None:
    """End the multipart upload, unless it had become an object in its last moment."""
    if upload.multipart_id is not None:
        with contextlib.suppress(ObjectNotFoundError):
            await storage.abort_multipart(upload.ref.bucket, upload.ref.key, upload.multipart_id)


def _partial_line(upload: OpenedUpload, journal_file: Path) -> ObjectInfo | None:
    """Return the object that the journal already calls a part of this upload."""
    ref = upload.ref
    wanted = ("partial", ref.session_id, ref.key)
    for line in _lines(journal_file):
        is_later = line.get("closed_at", 0.0) >= upload.started_at
        if (line.get("event"), line.get("session_id"), line.get("key")) == wanted and is_later:
            stored = line["size_bytes"], line["closed_at"], line["etag"], line["version_id"]
            return ObjectInfo(ref.key, *stored)
    return None


async def _stored(upload: OpenedUpload, storage: Storage, journal_file: Path) -> ObjectInfo | None:
    """Return the object that the worker stored in the moment in which it died: one of that key that is not
    older than the upload, and that the journal does not know.
    """
    try:
        found = await storage.head(upload.ref.bucket, upload.ref.key)
    except ObjectNotFoundError:
        return None
    is_older = found.modified_at < math.floor(upload.started_at)
    return None if is_older or _is_in_journal(found, upload.ref.key, journal_file) else found


def _is_in_journal(found: ObjectInfo, key: str, journal_file: Path) -> bool:
    wanted = (key, found.version_id, found.etag)
    known = _lines(journal_file)
    return any((line.get("key"), line.get("version_id"), line.get("etag")) == wanted for line in known)


def _lines(journal_file: Path) -> Iterator[dict[str, Any]]:
    with journal_file.open("rb") as lines:
        yield from map(_parsed, lines)


def _parsed(line: bytes) -> dict[str, Any]:
    """Return a line of the journal; an empty one where it was cut when a disk was full."""
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return found
