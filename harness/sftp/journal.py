"""uploads.jsonl: what became of every upload. This is how an object's version id reaches the ledger, which
SFTP itself cannot carry.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness import clock
from harness.sftp.storage.base import StoredObject


@dataclass(frozen=True)
class UploadRef:
    """Which upload a line is about."""

    user: str
    bucket: str
    key: str
    session_id: str


class OpenNotes(Protocol):
    """Keeps in mind which uploads are open."""

    def opened(self, ref: UploadRef, started_at: float | None = None) -> None: ...
    def in_parts(self, ref: UploadRef, multipart_id: str) -> None: ...
    def keeping(self, ref: UploadRef) -> None: ...
    def ended(self, ref: UploadRef) -> None: ...
    def close(self) -> None: ...


class UploadJournal:
    """Appends one line per upload.

    One `write` on a descriptor opened for appending: lines of several processes do not mix, and readers see
    a line as soon as the call returns. Nothing is buffered here. When the disk is full, the line goes to
    standard error: the object exists all the same, and the client must not be told otherwise.

    :param notes: are told of uploads that begin, and of those that have got their line
    """

    def __init__(self, path: Path, notes: OpenNotes | None = None) -> None:
        self._notes = notes
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._torn = False

    def opened(self, ref: UploadRef, started_at: float | None = None) -> None:
        """An upload begins. No line is written."""
        if self._notes is not None:
            self._note(self._notes.opened, ref, started_at)

    def in_parts(self, ref: UploadRef, multipart_id: str) -> None:
        """A multipart upload has begun in S3. No line is written."""
        if self._notes is not None:
            self._note(self._notes.in_parts, ref, multipart_id)

    def keeping(self, ref: UploadRef) -> None:
        """What arrived of an upload is about to become an object; `partial` or `aborted` follows."""
        if self._notes is not None:
            self._note(self._notes.keeping, ref)

    def closed(self, ref: UploadRef, stored: StoredObject, size_bytes: int) -> None:
        """The object is in S3. Written before the client is told."""
        self._appeared("closed", ref, stored, size_bytes)

    def partial(self, ref: UploadRef, stored: StoredObject, size_bytes: int, reason: str) -> None:
        """The client left with the file open; the object in S3 is what had arrived. `told` follows when
        the event bus knows, too: without that event the object would be delivered as if it were whole.
        """
        self._appeared("partial", ref, stored, size_bytes, reason=reason)

    def aborted(self, ref: UploadRef, size_bytes: int, reason: str) -> None:
        """There is no object, and there will be none."""
        self._append(
            event="aborted",
            user=ref.user,
            bucket=ref.bucket,
            key=ref.key,
            size_bytes=size_bytes,
            at=clock.now(),
            session_id=ref.session_id,
            reason=reason,
        )
        self._ended(ref)

    def renamed(self, ref: UploadRef, from_key: str, stored: StoredObject, size_bytes: int) -> None:
        """The object was copied to a new key; the old one is removed next."""
        self._appeared("renamed", ref, stored, size_bytes, from_key=from_key)

    def _appeared(
        self, event: str, ref: UploadRef, stored: StoredObject, size_bytes: int, **more: str
    ) -> None:
        self._append(
            event=event,
            user=ref.user,
            bucket=ref.bucket,
            key=ref.key,
            version_id=stored.version_id,
            etag=stored.etag,
            size_bytes=size_bytes,
            closed_at=clock.now(),
            session_id=ref.session_id,
            **more,
        )
        if event == "closed":
            self._ended(ref)

    def told(self, ref: UploadRef) -> None:
        """Others know that the object is a part. No line is written."""
        self._ended(ref)

    def close(self) -> None:
        os.close(self._descriptor)
        if self._notes is not None:
            self._notes.close()

    def _ended(self, ref: UploadRef) -> None:
        if self._notes is not None:
            self._note(self._notes.ended, ref)

    def _note(self, tell: Callable[..., None], *about: Any) -> None:
        """A note that cannot be taken matters only if this process is killed."""
        try:
            tell(*about)
        except OSError as exc:
            print(f"cannot note which uploads are open: {exc}", file=sys.stderr, flush=True)

    def _append(self, **fields: Any) -> None:
        line = json.dumps(fields, ensure_ascii=False).encode() + b"\n"
        if self._torn:
            line = b"\n" + line
        try:
            self._torn = os.write(self._descriptor, line) != len(line)
            problem = "the line was cut" if self._torn else ""
        except OSError as exc:
            problem = str(exc)
        if problem:
            print(f"cannot write the uploads file ({problem}): {line.decode()}", file=sys.stderr, flush=True)
