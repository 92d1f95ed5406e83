"""How the bytes go out: what each behaviour does on the wire. Runs on the asyncio loop."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator

import asyncssh

from harness.load.behaviours.model import Aborted, Behaviour, Slow, TempRename
from harness.load.ledger_format import Phase
from harness.load.upload import ClientAbortedError, Upload, open_file, send

_PIECE_MAX_BYTES = 128 * 1024


async def send_as(sftp: asyncssh.SFTPClient, upload: Upload, behaviour: Behaviour | None) -> None:
    """Upload the file in its own way; keeps `upload.phase` up to date.

    :raises asyncssh.Error: the server refuses, or the connection is lost
    :raises ClientAbortedError: it was meant to break off here: the caller drops the session
    """
    if isinstance(behaviour, TempRename):
        await _send_and_rename(sftp, upload)
    elif isinstance(behaviour, Slow):
        await _send_slowly(sftp, upload, behaviour)
    elif isinstance(behaviour, Aborted):
        await _send_a_part(sftp, upload, behaviour)
    else:
        await send(sftp, upload, upload.arrival.path)


async def _send_and_rename(sftp: asyncssh.SFTPClient, upload: Upload) -> None:
    path = upload.arrival.path
    temp_path = path + upload.arrival.temp_suffix
    await send(sftp, upload, temp_path)
    upload.phase = Phase.RENAME
    await sftp.rename(temp_path, path)


async def _send_slowly(sftp: asyncssh.SFTPClient, upload: Upload, behaviour: Slow) -> None:
    file = await open_file(sftp, upload, upload.arrival.path)
    loop, digest = asyncio.get_running_loop(), hashlib.sha256()
    size_bytes = upload.arrival.size_bytes
    began_at, sent_bytes = loop.time(), 0
    for piece in _pieces(upload, max(1, size_bytes // behaviour.pieces)):
        digest.update(piece)
        await file.write(piece)
        sent_bytes += len(piece)
        due_at = began_at + behaviour.takes_s * sent_bytes / size_bytes
        await asyncio.sleep(max(0.0, due_at - loop.time()))
    upload.sha256 = digest.hexdigest()
    upload.phase = Phase.CLOSE
    await file.close()


async def _send_a_part(sftp: asyncssh.SFTPClient, upload: Upload, behaviour: Aborted) -> None:
    file = await open_file(sftp, upload, upload.arrival.path)
    left = int(upload.arrival.size_bytes * behaviour.sent_share)
    for piece in _pieces(upload, _PIECE_MAX_BYTES):
        if left <= 0:
            break
        await file.write(piece[:left])
        left -= len(piece)
    raise ClientAbortedError("the client was to die in mid-upload")


def _pieces(upload: Upload, max_bytes: int) -> Iterator[bytes]:
    for piece in upload.pieces():
        for start in range(0, len(piece), max_bytes):
            yield bytes(piece[start : start + max_bytes])
