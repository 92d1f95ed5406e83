"""What every connection shares, gathered once at start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from harness.sftp.admission import Admission
from harness.sftp.authentication import Authenticator
from harness.sftp.authorisation import Authoriser
from harness.sftp.config import SftpConfig
from harness.sftp.journal import UploadJournal, UploadRef
from harness.sftp.records.server import ServerRecords
from harness.sftp.storage.base import Storage

PARTS_AT_ONCE = 16
"""Twice what the S3 client sends at the same time: more would only be memory."""


class OpenUpload(Protocol):
    """An upload that has not ended."""

    def abandon(self, reason: str) -> None:
        """End it without an object, unless it is already ending."""


@dataclass
class Services:
    """Shared parts, and what is under way on them."""

    config: SftpConfig
    authenticator: Authenticator
    authoriser: Authoriser
    storage: Storage
    journal: UploadJournal
    records: ServerRecords
    admission: Admission = field(default_factory=lambda: Admission(1000))
    part_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PARTS_AT_ONCE))
    """For the parts of all uploads together."""
    open_uploads: set[OpenUpload] = field(default_factory=set)
    open_sessions: int = 0
    draining: bool = False
    """Set on SIGTERM: open uploads may finish, new ones are refused."""
    background: set[asyncio.Task[None]] = field(default_factory=set)
    """Clean-up that outlives its session."""

    def told(self, ref: UploadRef) -> Callable[[], object]:
        """Return what any thread may call when the event bus knows that an upload is partial."""
        return partial(asyncio.get_running_loop().call_soon_threadsafe, self.journal.told, ref)

    def in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` to its end although the session may be gone before."""
        task = asyncio.get_running_loop().create_task(work)
        self.background.add(task)
        task.add_done_callback(self.background.discard)
        return task
