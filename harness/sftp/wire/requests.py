"""The requests of one SFTP channel, cut out of its bytes."""

from __future__ import annotations

import asyncio

from asyncssh import SFTPBadMessage, SSHServerChannel
from asyncssh.packet import SSHPacket

MAX_REQUEST_BYTES = 256 * 1024
"""As OpenSSH's server: SFTP_MAX_MSG_LENGTH in
https://github.com/openssh/openssh-portable/blob/master/sftp-common.h
"""
MAX_WAITING_BYTES = 512 * 1024
"""Requests that wait for their turn; above this the client's window stays closed."""
_LENGTH_BYTES = 4


class RequestQueue:
    """Filled by the channel, emptied by the handler, one request after the other."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._error: Exception | None = None
        self._paused: SSHServerChannel[bytes] | None = None

    def feed(self, data: bytes, channel: SSHServerChannel[bytes]) -> None:
        self._bytes += data
        if self._paused is None and len(self._bytes) > MAX_WAITING_BYTES:
            self._paused = channel
            channel.pause_reading()
        self._wake()

    def end(self, error: Exception | None) -> None:
        """Nothing follows; what is there already can still be taken."""
        self._ended = True
        self._error = self._error or error
        self._wake()

    async def take(self) -> SSHPacket:
        """Return the next request.

        :raises SFTPBadMessage: it is longer than any client needs
        :raises EOFError: the channel has ended
        :raises Exception: whatever broke the connection
        """
        while (request := self._cut()) is None:
            if self._ended:
                raise self._error or EOFError
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return SSHPacket(request)

    def _cut(self) -> bytes | None:
        if len(self._bytes) < _LENGTH_BYTES:
            return None
        length = int.from_bytes(self._bytes[:_LENGTH_BYTES], "big")
        if length > MAX_REQUEST_BYTES:
            raise SFTPBadMessage("Max packet size exceeded")
        end = _LENGTH_BYTES + length
        if len(self._bytes) < end:
            return None
        with memoryview(self._bytes) as view:
            request = bytes(view[_LENGTH_BYTES:end])
        del self._bytes[:end]
        self._go_on()
        return request

    def _go_on(self) -> None:
        if self._paused is not None and len(self._bytes) <= MAX_WAITING_BYTES // 2:
            channel, self._paused = self._paused, None
            channel.resume_reading()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
