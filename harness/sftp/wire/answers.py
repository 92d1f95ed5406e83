"""Answers of one SFTP channel, several in one packet where several are ready."""

from __future__ import annotations

import asyncio

from asyncssh import SSHWriter

MAX_GATHERED_BYTES = 256 * 1024
"""Enough for eight answers with 32 KiB of a file: each is 13 bytes longer than what clients take in one
packet, so that each alone would need two.
"""


class Answers:
    """Gathers what the handler says until it waits for something, then writes it as one piece.

    A client that has 64 writes under way gets their answers in a few packets: enciphering, sending and
    reading a packet costs both sides far more than the 24 bytes of an answer.
    """

    def __init__(self, writer: SSHWriter[bytes]) -> None:
        self._writer = writer
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, *parts: bytes) -> None:
        if not self._parts:
            asyncio.get_running_loop().call_soon(self.send)
        self._parts += parts
        self._size += sum(map(len, parts))
        if self._size >= MAX_GATHERED_BYTES:
            self.send()

    def send(self) -> None:
        parts, self._parts, self._size = self._parts, [], 0
        if parts and not self._writer.channel.is_closing():
            self._writer.write(b"".join(parts))
