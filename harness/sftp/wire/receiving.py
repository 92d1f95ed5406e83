"""Takes packets out of what was received, and hands each one, deciphered, to asyncssh's dispatch."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncssh
from asyncssh.constants import MSG_CHANNEL_DATA, MSG_IGNORE

from harness.sftp.wire.backpressure import Backpressure, Reason
from harness.sftp.wire.ciphers import LENGTH_BYTES, PacketCipher, packet_cipher

MAX_WAITING_BYTES = 128 * 1024
"""What is read ahead while a packet of the login waits for its answer."""

_DATA_AT = 10
"""Length of padding, type, channel and length of the data come before it:
https://www.rfc-editor.org/rfc/rfc4254#section-5.2
"""


class OpenedPacket:
    """In the place of asyncssh's cipher: `_recv_packet` asks it to decipher, and gets what is ready."""

    def __init__(self, cipher: PacketCipher) -> None:
        self.cipher = cipher
        self.packet = b""

    def decrypt_packet(self, *_: Any) -> bytes:
        return self.packet


class Receiver:
    """Replaces the parts of one connection that read packets, from the first one that is enciphered."""

    def __init__(self, conn: Any, backpressure: Backpressure) -> None:
        self._conn = conn
        self._backpressure = backpressure
        self._receive = conn._recv_data
        self._finish = conn._finish_recv_packet
        self._original_header = conn._recv_pkthdr
        self._conn._recv_pkthdr = self.take_packets
        self._conn._recv_data = self.receive
        self._conn._finish_recv_packet = self._finished

    def renewed_keys(self) -> None:
        """Wrap the cipher that takes effect with the client's next NEWKEYS."""
        cipher = packet_cipher(self._conn._next_recv_encryption)
        if cipher is not None:
            self._conn._next_recv_encryption = OpenedPacket(cipher)

    def receive(self) -> None:
        self._receive()
        conn = self._conn
        reads_on = (conn._recv_pkthdr, conn._recv_packet, conn._recv_version)
        if conn._recv_handler not in reads_on and len(conn._inpbuf) > MAX_WAITING_BYTES:
            self._backpressure.stop_reading(Reason.PACKET_UNDER_WAY)

    def _finished(
        self, pkttype: int, seq: int, task: asyncio.Task[None] | None = None, is_async: bool = False
    ) -> None:
        if is_async:
            self._backpressure.read_again(Reason.PACKET_UNDER_WAY)
        self._finish(pkttype, seq, task, is_async)

    def take_packets(self) -> bool:
        """Work off all whole packets of the buffer; called by asyncssh in the place of `_recv_pkthdr`.

        :returns: whether asyncssh is to go on with what is left
        :raises asyncssh.ProtocolError: a packet is too long
        :raises asyncssh.MACError: a packet was changed on its way
        """
        opened = self._conn._recv_encryption
        if not isinstance(opened, OpenedPacket):
            return bool(self._original_header())
        data, start = self._conn._inpbuf, 0
        while (end := self._end_of_packet(opened.cipher, data, start)) is not None:
            packet = opened.cipher.open(self._conn._recv_seq, data, start, end)
            if not packet:
                raise asyncssh.MACError("MAC verification failed")
            start = end
            if not self._take_usual(packet) and not self._dispatch(opened, packet):
                break
        if self._conn._transport is None:
            return False
        self._conn._inpbuf = data[start:]
        return self._conn._recv_encryption is not opened

    def _end_of_packet(self, cipher: PacketCipher, data: bytes, start: int) -> int | None:
        if len(data) - start < LENGTH_BYTES:
            return None
        length = int.from_bytes(data[start : start + LENGTH_BYTES], "big")
        if length > self._conn._max_recv_pktlen:
            raise asyncssh.ProtocolError("Max packet size exceeded")
        end = start + LENGTH_BYTES + length + cipher.tag_bytes
        return end if end <= len(data) else None

    def _take_usual(self, packet: bytes) -> bool:
        """Take the two kinds of packets that come by the thousand after login: data of an open channel, and
        IGNORE, which some clients put before every other. Anything unusual is left to asyncssh's dispatch.
        """
        conn, kind = self._conn, packet[1]
        if not conn._auth_complete or conn._decompressor:
            return False
        if kind != MSG_IGNORE and (kind != MSG_CHANNEL_DATA or not self._take_channel_data(packet)):
            return False
        conn._auth_final = True
        conn._recv_seq = (conn._recv_seq + 1) & 0xFFFF_FFFF
        return True

    def _take_channel_data(self, packet: bytes) -> bool:
        """Give the data to its channel, as asyncssh would after a dozen calls; errors are left to it."""
        channel = self._conn._channels.get(int.from_bytes(packet[2:6], "big"))
        length = int.from_bytes(packet[6:_DATA_AT], "big")
        is_whole = len(packet) == _DATA_AT + length + packet[0]
        if channel is None or channel._recv_state != "open" or length > channel._recv_window or not is_whole:
            return False
        channel._accept_data(packet[_DATA_AT : _DATA_AT + length])
        return True

    def _dispatch(self, opened: OpenedPacket, packet: bytes) -> bool:
        """Let asyncssh check and handle a packet; its arithmetic is given a packet of no bytes, and
        `OpenedPacket` gives it this one. Returns whether the next may follow at once.
        """
        conn = self._conn
        opened.packet = packet
        conn._packet = conn._inpbuf = b""
        conn._pktlen = conn._recv_blocksize - LENGTH_BYTES - conn._recv_macsize
        goes_on: bool = conn._recv_packet()
        opened.packet = b""
        return goes_on and conn._recv_encryption is opened and conn._transport is not None
