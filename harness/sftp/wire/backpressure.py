"""A client that does not read is not answered further, and one that sends faster than we work is not read.

asyncssh bounds what waits for a channel's window, but a client may grant a window of 4 GiB, or ask for things
outside any channel, and never read from its socket; all answers would pile up in our memory.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import asyncssh

WRITE_BUFFER_BYTES = 256 * 1024
"""Answers that the socket has not taken; above this nothing more is read, and channels hold theirs back."""


class Reason(Enum):
    """Why nothing is read from a connection."""

    ANSWERS_WAIT = "the client does not read"
    PACKET_UNDER_WAY = "an earlier packet, of the login, is not answered yet"


class Backpressure:
    """Stops and restarts reading for one connection."""

    def __init__(self, conn: asyncssh.SSHServerConnection, transport: Any) -> None:
        self._conn = conn
        self._transport = transport
        self._reasons: set[Reason] = set()
        transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        conn.pause_writing = self._client_does_not_read  # type: ignore[method-assign]
        conn.resume_writing = self._client_reads_again  # type: ignore[method-assign]

    @property
    def answers_wait(self) -> bool:
        return Reason.ANSWERS_WAIT in self._reasons

    def stop_reading(self, reason: Reason) -> None:
        self._reasons.add(reason)
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def read_again(self, reason: Reason) -> None:
        self._reasons.discard(reason)
        if not self._reasons and not self._transport.is_closing():
            self._transport.resume_reading()

    def _client_does_not_read(self) -> None:
        self.stop_reading(Reason.ANSWERS_WAIT)

    def _client_reads_again(self) -> None:
        self.read_again(Reason.ANSWERS_WAIT)
        for channel in list(self._conn._channels.values()):
            channel._flush_send_buf()
