"""Who sends too fast, or does not read, is not read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.sftp.wire.backpressure import Backpressure, Reason
from harness.sftp.wire.receiving import MAX_WAITING_BYTES, Receiver

pytestmark = pytest.mark.unit


class Transport:
    """Notes whether it is read."""

    def __init__(self) -> None:
        self.reads = True
        self.high = 0

    def set_write_buffer_limits(self, high: int) -> None:
        self.high = high

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


class Connection:
    """The names that asyncssh has; a packet of the login is under way while `_recv_handler` is another."""

    def __init__(self) -> None:
        self._inpbuf = b""
        self._recv_handler: Any = self._recv_packet
        self.flushed = 0
        self._channels = {0: SimpleNamespace(_flush_send_buf=self._flush)}

    def _flush(self) -> None:
        self.flushed += 1

    def _recv_data(self) -> None: ...
    def _recv_pkthdr(self) -> bool:
        return False

    def _recv_packet(self) -> bool:
        return False

    def _recv_version(self) -> bool:
        return False

    def _finish_recv_packet(self, *_: Any) -> None: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...


def _pair() -> tuple[Connection, Transport, Backpressure]:
    conn, transport = Connection(), Transport()
    return conn, transport, Backpressure(cast(Any, conn), transport)


def test_a_client_that_does_not_read_is_not_read_until_it_does() -> None:
    conn, transport, backpressure = _pair()
    conn.pause_writing()
    assert (transport.reads, backpressure.answers_wait, conn.flushed) == (False, True, 0)
    conn.resume_writing()
    assert (transport.reads, backpressure.answers_wait, conn.flushed) == (True, False, 1)


def test_reading_begins_again_when_no_reason_is_left() -> None:
    conn, transport, backpressure = _pair()
    conn.pause_writing()
    backpressure.stop_reading(Reason.PACKET_UNDER_WAY)
    conn.resume_writing()
    assert not transport.reads
    backpressure.read_again(Reason.PACKET_UNDER_WAY)
    assert transport.reads


@pytest.mark.parametrize("under_way", [True, False])
def test_what_comes_while_a_login_waits_is_bounded(under_way: bool) -> None:
    conn, transport, backpressure = _pair()
    receiver = Receiver(conn, backpressure)
    if under_way:
        conn._recv_handler = lambda: False
    conn._inpbuf = bytes(MAX_WAITING_BYTES + 1)
    receiver.receive()
    assert transport.reads is not under_way
    conn._finish_recv_packet(50, 1, None, True)
    assert transport.reads
