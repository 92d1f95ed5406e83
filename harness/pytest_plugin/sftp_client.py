"""An SFTP client for tests that are no coroutines: asyncssh behind plain methods.

asyncssh's own errors come through (`asyncssh.SFTPPermissionDenied`, `asyncssh.SFTPNoSuchFile`, …), so that a
test can expect them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import asyncssh

from harness.host_key import NO_KNOWN_HOSTS, OneHostKey
from harness.stack.description import SftpEndpoint, SftpUser

T = TypeVar("T")
_CONNECT_TIMEOUT_S = 30.0


class SftpClient:
    """One session of one customer; a context manager.

    :param source_bucket: for the keys of what is uploaded
    :raises asyncssh.Error, OSError: the connection or the login is refused
    """

    def __init__(self, endpoint: SftpEndpoint, user: SftpUser, source_bucket: str) -> None:
        self.user = user
        self._source_bucket = source_bucket
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sftp-client", daemon=True)
        self._thread.start()
        try:
            self._connection = self._run(self._connect(endpoint))
            self._sftp = self._run(self._open())
        except BaseException:
            self._end_loop()
            raise

    def put(self, path: str, content: bytes | str | Path) -> str:
        """Upload and return the object's key in the source bucket.

        :param path: at the server, below the customer's home
        :param content: the bytes, text (UTF-8), or a file of this machine
        """
        if isinstance(content, Path):
            self._run(self._sftp.put(str(content), path))
        else:
            self._run(self._write(path, content.encode() if isinstance(content, str) else content))
        return self.key(path)

    def key(self, path: str) -> str:
        """Return the key in the source bucket of a path at the server."""
        absolute = path if path.startswith("/") else f"{self.user.home.rstrip('/')}/{path}"
        in_bucket = f"/{self._source_bucket}/"
        if absolute.startswith(in_bucket):
            return absolute.removeprefix(in_bucket)
        return f"{self.user.name}/{absolute.lstrip('/')}"

    def get(self, path: str) -> bytes:
        """Return a file's bytes."""
        return self._run(self._read(path))

    def listdir(self, path: str = ".") -> list[str]:
        """Return the names in a folder, without `.` and `..`, sorted."""
        return sorted(str(name) for name in self._run(self._sftp.listdir(path)) if name not in (".", ".."))

    def rename(self, old: str, new: str) -> None:
        self._run(self._sftp.rename(old, new))

    def remove(self, path: str) -> None:
        self._run(self._sftp.remove(path))

    def mkdir(self, path: str) -> None:
        self._run(self._sftp.mkdir(path))

    def rmdir(self, path: str) -> None:
        self._run(self._sftp.rmdir(path))

    def size_bytes(self, path: str) -> int:
        """Return a file's size."""
        return int(self._run(self._sftp.stat(path)).size or 0)

    def close(self) -> None:
        """End the session. Safe to call twice."""
        if not self._loop.is_closed():
            self._run(self._leave())
            self._end_loop()

    def __enter__(self) -> SftpClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _connect(self, endpoint: SftpEndpoint) -> asyncssh.SSHClientConnection:
        return await asyncssh.connect(
            endpoint.host,
            endpoint.port,
            username=self.user.name,
            client_keys=[self.user.private_key_file],
            client_factory=lambda: OneHostKey(endpoint.host_key_fingerprint),
            known_hosts=NO_KNOWN_HOSTS,
            agent_path=None,
            config=None,
            connect_timeout=_CONNECT_TIMEOUT_S,
        )

    async def _open(self) -> asyncssh.SFTPClient:
        return await self._connection.start_sftp_client()

    async def _write(self, path: str, content: bytes) -> None:
        async with self._sftp.open(path, "wb") as file:
            await file.write(content)

    async def _read(self, path: str) -> bytes:
        async with self._sftp.open(path, "rb") as file:
            content: Any = await file.read()
            return bytes(content)

    async def _leave(self) -> None:
        self._connection.close()
        await self._connection.wait_closed()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
