"""Puts packets and channel data together with one copy, enciphers and sends them."""

from __future__ import annotations

import os
import time
from typing import Any

from asyncssh.constants import MSG_CHANNEL_DATA, MSG_IGNORE, MSG_KEX_LAST

from harness.sftp.wire.backpressure import Backpressure
from harness.sftp.wire.ciphers import PacketCipher, packet_cipher

_MIN_PADDING_BYTES = 4


class Sender:
    """Replaces `send_packet` of one connection. Whatever is not the usual case goes asyncssh's way.

    No empty IGNORE message goes before every packet: they guard CBC ciphers against chosen-IV attacks, and
    the security policies have none of those (https://www.rfc-editor.org/rfc/rfc4251#section-9.3.1).
    """

    def __init__(self, conn: Any) -> None:
        self._conn = conn
        self._cipher: PacketCipher | None = None
        self._original = conn.send_packet
        self._conn.send_packet = self.send

    def forget_keys(self) -> None:
        """Go asyncssh's way until `renewed_keys`."""
        self._cipher = None

    def renewed_keys(self) -> None:
        """Wrap the cipher that is in use from now on."""
        self._cipher = packet_cipher(self._conn._send_encryption)
        if self._cipher is not None:
            self._conn._send_encryption = SealedPacket(self._cipher)

    def send(self, pkttype: int, *args: Any, handler: Any = None) -> None:
        if pkttype == MSG_IGNORE:
            return
        if self._cipher is None or pkttype <= MSG_KEX_LAST or not self._is_usual():
            self._original(pkttype, *args, handler=handler)
            return
        conn = self._conn
        size = 1 + sum(map(len, args))
        padding = -(conn._send_enchdrlen + size) % conn._send_blocksize
        if padding < _MIN_PADDING_BYTES:
            padding += conn._send_blocksize
        packet = b"".join((bytes((padding, pkttype)), *args, os.urandom(padding)))
        conn._send(self._cipher.seal(conn._send_seq, len(packet).to_bytes(4, "big"), packet))
        conn._send_seq = (conn._send_seq + 1) & 0xFFFF_FFFF
        conn._rekey_bytes_sent += len(packet)

    def _is_usual(self) -> bool:
        """After login, between key exchanges, without compression, and no new key exchange is due."""
        conn = self._conn
        return bool(
            conn._auth_complete
            and conn._kex_complete
            and not conn._compressor
            and conn._rekey_bytes_sent < conn._rekey_bytes
            and (not conn._rekey_seconds or time.monotonic() < conn._rekey_time)
        )


class SealedPacket:
    """Our cipher as asyncssh's `send_packet` calls it."""

    def __init__(self, cipher: PacketCipher) -> None:
        self._cipher = cipher

    def encrypt_packet(self, seq: int, header: bytes, packet: bytes) -> tuple[bytes, bytes]:
        return self._cipher.seal(seq, header, packet), b""


def send_without_copies(channel: Any, conn: Any, backpressure: Backpressure) -> None:
    """Let `channel.write` send at once what fits into the client's window, and keep the rest in asyncssh's
    buffer, also when the window is open but the client does not read.
    """
    write, flush = channel.write, channel._flush_send_buf

    def write_at_once(data: bytes, datatype: int | None = None) -> None:
        waits = channel._send_buf or backpressure.answers_wait or not channel._send_window
        if waits or datatype is not None or channel._send_state != "open":
            write(data, datatype)
            return
        fits = min(len(data), channel._send_window)
        channel._send_window -= fits
        send_pieces(memoryview(data)[:fits])
        if fits < len(data):
            write(data[fits:], datatype)

    def send_pieces(data: memoryview) -> None:
        number = channel._send_chan.to_bytes(4, "big")
        for start in range(0, len(data), channel._send_pktsize):
            piece = data[start : start + channel._send_pktsize]
            conn.send_packet(MSG_CHANNEL_DATA, number, len(piece).to_bytes(4, "big"), piece, handler=channel)

    def flush_unless_full() -> None:
        if backpressure.answers_wait:
            channel._pause_resume_writing()
        else:
            flush()

    channel.write = write_at_once
    channel._flush_send_buf = flush_unless_full
