"""Tiny real SFTP servers for the load generator: they keep nothing but a line about every closed file.

Run as `python -m tests.integration.load.sftp_servers JSON` with the arguments of `serve`; the server prints
its port as one JSON line when it listens, and ends on SIGTERM. Every fault is a small subclass of the real
thing.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import asyncssh
import uvloop


@dataclass
class Sink:
    """An open file of which only size and checksum are kept."""

    path: str
    session: int
    size_bytes: int = 0
    digest: Any = field(default_factory=hashlib.sha256)


class MemorySftp(asyncssh.SFTPServer):
    """Takes every file; writes a line to the uploads file at each close."""

    uploads: TextIO

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        return Sink(path.decode(), session=self.channel.get_extra_info("session"))

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        assert isinstance(file_obj, Sink)
        file_obj.size_bytes += len(data)
        file_obj.digest.update(data)
        return len(data)

    def close(self, file_obj: object) -> Awaitable[None] | None:
        assert isinstance(file_obj, Sink)
        sha256 = file_obj.digest.hexdigest()
        line = {
            "path": file_obj.path,
            "session": file_obj.session,
            "open_sessions": Door.open_sessions,
            "size_bytes": file_obj.size_bytes,
            "sha256": sha256,
        }
        self.uploads.write(json.dumps(line) + "\n")
        return None

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        line = {"path": newpath.decode(), "renamed_from": oldpath.decode()}
        self.uploads.write(json.dumps(line) + "\n")


class RefusesRenamesSftp(MemorySftp):
    """Takes files, and leaves them the name that they have."""

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPPermissionDenied("names are for ever")


class SlowToOpenSftp(MemorySftp):
    """Opens one file after the other, ten a second in all."""

    _turn = asyncio.Lock()

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        async with self._turn:
            await asyncio.sleep(0.1)
        return super().open(path, pflags, attrs)


class HangsOnOpenSftp(MemorySftp):
    """Never answers a request to open a file."""

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        await asyncio.Event().wait()


class SlowToCloseSftp(MemorySftp):
    """Takes a second and a half to close a file."""

    async def close(self, file_obj: object) -> None:
        await asyncio.sleep(1.5)
        super().close(file_obj)


class ReadOnlySftp(MemorySftp):
    """Permits nobody to write."""

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        raise asyncssh.SFTPPermissionDenied("this server is read-only")


class RefusesEveryOtherSftp(MemorySftp):
    """Permits every other file."""

    _count = 0

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        RefusesEveryOtherSftp._count += 1
        if self._count % 2:
            raise asyncssh.SFTPPermissionDenied("not this one")
        return super().open(path, pflags, attrs)


class FullDiskSftp(MemorySftp):
    """Has no room for a single byte."""

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        raise asyncssh.SFTPNoSpaceOnFilesystem("no room")


class CutsEveryTenthSftp(MemorySftp):
    """Drops the connection in the middle of every tenth file."""

    _count = 0

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        CutsEveryTenthSftp._count += 1
        if self._count % 10 == 0:
            self.channel.get_connection().abort()
        return super().write(file_obj, offset, data)


class Door(asyncssh.SSHServer):
    """Lets in who has an authorized key; numbers the sessions."""

    sessions = 0
    open_sessions = 0

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        Door.sessions += 1
        Door.open_sessions += 1
        conn.set_extra_info(session=Door.sessions)

    def connection_lost(self, exc: Exception | None) -> None:
        Door.open_sessions -= 1


class ClosedDoor(Door):
    """Refuses every login, as if nobody's key were authorized."""

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        super().connection_made(conn)
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        self._connection.set_authorized_keys(asyncssh.import_authorized_keys(""))
        return True


class HangingDoor(Door):
    """Takes connections and never answers a login."""

    async def begin_auth(self, username: str) -> bool:
        await asyncio.Event().wait()
        return True


FAULTS: dict[str, tuple[type[asyncssh.SSHServer], type[MemorySftp]]] = {
    "none": (Door, MemorySftp),
    "slow_to_open": (Door, SlowToOpenSftp),
    "slow_to_close": (Door, SlowToCloseSftp),
    "hangs_on_open": (Door, HangsOnOpenSftp),
    "read_only": (Door, ReadOnlySftp),
    "refuses_renames": (Door, RefusesRenamesSftp),
    "refuses_every_other": (Door, RefusesEveryOtherSftp),
    "full_disk": (Door, FullDiskSftp),
    "cuts_every_tenth": (Door, CutsEveryTenthSftp),
    "refuses_logins": (ClosedDoor, MemorySftp),
    "hangs_on_login": (HangingDoor, MemorySftp),
}


async def serve(
    *, fault: str, uploads_file: str, authorized_keys_file: str, host_key_file: str, port: int = 0
) -> None:
    door, sftp = FAULTS[fault]
    host_key = asyncssh.read_private_key(host_key_file)
    with Path(uploads_file).open("a", buffering=1) as MemorySftp.uploads:
        server = await asyncssh.listen(
            "127.0.0.1",
            port,
            reuse_address=True,
            server_factory=door,
            server_host_keys=[host_key],
            authorized_client_keys=authorized_keys_file,
            sftp_factory=sftp,
            gss_host=None,
        )
        print(json.dumps({"port": server.get_port()}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(**json.loads(sys.argv[1])))
