"""One upload: what goes in, what came of it, and the coroutine that sends the bytes.

Nothing is closed after a failure: a server takes a close for "this file is whole". A broken upload is left
to the end of its session, as a client that dies leaves it.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import asyncssh

from harness import clock
from harness.load.content import ContentSource
from harness.load.ledger_format import Event, Phase
from harness.load.plan import Arrival
from harness.load.sizes import MIB

PREPARED_MAX_BYTES = 1 * MIB
"""Bigger files are made piece by piece while they are sent."""
_WRITE_BYTES = 1 * MIB
"""Twice as fast as 128 KiB at a time; more gains nothing."""
_SINGLE_WRITE_MAX_BYTES = 32 * 1024
"""Every server takes this much in one request:
https://datatracker.ietf.org/doc/html/draft-ietf-secsh-filexfer-02#section-3 asks for packets of 34,000
bytes."""


class NotUploadedError(Exception):
    """The scenario's own code took a file and never uploaded it."""


class ClientAbortedError(Exception):
    """The client broke off because it was told to; its session must go with it."""


class Upload:
    """A file on its way through the generator."""

    __slots__ = ("arrival", "body", "intended_at", "phase", "result", "sha256", "source")

    def __init__(self, arrival: Arrival, intended_at: float, source: ContentSource) -> None:
        self.arrival = arrival
        self.intended_at = intended_at
        self.source = source
        self.phase = Phase.CONNECT
        self.result: Result | None = None
        self.body: bytes | None = None
        """All of a small file."""
        self.sha256: str | None = None
        if arrival.size_bytes <= PREPARED_MAX_BYTES:
            self.body = b"".join(self.pieces())
            self.sha256 = hashlib.sha256(self.body).hexdigest()

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Yield the content in parts of at most 128 KiB, unless it has been made in one piece already."""
        if self.body is not None:
            return iter((self.body,))
        arrival = self.arrival
        return self.source.pieces(arrival.content_sequence, arrival.size_bytes, ragged=arrival.ragged)


@dataclass(frozen=True, slots=True)
class Result:
    """How an upload ended. `cause` is `None` for `uploaded` and only for it."""

    event: Event
    at: float
    cause: str | None = None
    message: str = ""
    phase: Phase | None = None


async def send(sftp: asyncssh.SFTPClient, upload: Upload, path: str) -> None:
    """Write the file and close it; keeps `upload.phase` up to date.

    :raises asyncssh.Error: the server refuses, or the connection is lost
    """
    file = await open_file(sftp, upload, path)
    digest = None if upload.sha256 else hashlib.sha256()
    for data in _gathered(upload.pieces()):
        if digest is not None:
            digest.update(data)
        await file.write(data)
    if digest is not None:
        upload.sha256 = digest.hexdigest()
    upload.phase = Phase.CLOSE
    await file.close()


def _gathered(pieces: Iterator[bytes | memoryview]) -> Iterator[bytes]:
    """Put pieces together: what goes into one write is sent without waiting for answers in between."""
    waiting, size_bytes = [], 0
    for piece in pieces:
        waiting.append(piece)
        size_bytes += len(piece)
        if size_bytes >= _WRITE_BYTES:
            yield b"".join(waiting)
            waiting, size_bytes = [], 0
    if waiting:
        yield b"".join(waiting)


async def open_file(sftp: asyncssh.SFTPClient, upload: Upload, path: str) -> asyncssh.SFTPClientFile:
    """Open the file for writing.

    :raises asyncssh.Error: the server refuses, or the connection is lost
    """
    upload.phase = Phase.OPEN
    small = upload.body is not None and len(upload.body) <= _SINGLE_WRITE_MAX_BYTES
    # Block size 0 spares asyncssh's machinery for parallel writes, a fifth of the cost of a small file.
    file = await sftp.open(path, "wb", encoding=None, block_size=0 if small else -1)
    upload.phase = Phase.WRITE
    return file


def failure(phase: Phase, exc: BaseException) -> Result:
    """Say what an error in `phase` means for the file."""
    cut_off = phase in (Phase.WRITE, Phase.CLOSE, Phase.RENAME) and not _is_answer(exc)
    return Result(
        event=Event.ABORTED if cut_off else Event.UPLOAD_FAILED,
        at=clock.now(),
        cause=_cause(exc),
        message=str(exc) or type(exc).__name__,
        phase=phase,
    )


def leaves_session_usable(phase: Phase, exc: BaseException) -> bool:
    """Tell whether the session may go on: the server answered, and no file is left open on it."""
    return phase in (Phase.OPEN, Phase.RENAME) and _is_answer(exc)


def _is_answer(exc: BaseException) -> bool:
    return isinstance(exc, asyncssh.SFTPError) and not _is_connection_loss(exc)


def _is_connection_loss(exc: BaseException) -> bool:
    return isinstance(exc, asyncssh.SFTPConnectionLost | asyncssh.SFTPNoConnection)


def _cause(exc: BaseException) -> str:
    """Name the error: asyncssh's classes carry the names of SSH reasons and SFTP status codes.

    https://asyncssh.readthedocs.io/en/latest/api.html#exceptions
    """
    if isinstance(exc, asyncio.CancelledError):
        return "Stopped"
    if isinstance(exc, TimeoutError):
        return "Timeout"
    if isinstance(exc, ClientAbortedError):
        return "ClientAborted"
    if _is_connection_loss(exc) or isinstance(exc, asyncssh.ConnectionLost | ConnectionResetError):
        return "ConnectionLost"
    if type(exc) is OSError and exc.errno is not None:
        return errno.errorcode.get(exc.errno, "OSError")
    return type(exc).__name__
