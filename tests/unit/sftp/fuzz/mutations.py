"""From the requests of real clients to requests that no client sends."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path

SEEDS = Path(__file__).with_name("seeds")

Packets = list[bytes]
"""Bodies: type, then the rest; their lengths are put before them by `joined`."""

_NUMBERS = (0, 1, 2, 3, 4, 255, 256, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF)
_STRINGS = (
    b"",
    b".",
    b"..",
    b"/",
    b"//",
    b"/../../etc/passwd",
    b"a/../../b",
    b"\0",
    b"a\0b",
    b"\xff\xfe",
    b"\xc0\xaf..\xc0\xaf",
    b"%2e%2e%2f",
    "\u202e\u0000😀".encode(),
    b"x" * 1025,
    b"/" * 300,
    b"a/" * 600,
    b"\x00\x00\x00\x00",
    b"\x00\x00\x00\x01",
)


def seeds() -> list[Packets]:
    """What real clients sent."""
    return [split(path.read_bytes()) for path in sorted(SEEDS.glob("*.bin"))]


def split(stream: bytes) -> Packets:
    """Cut a stream into its packets; a torn one at the end is left out."""
    packets, start = [], 0
    while start + 4 <= len(stream):
        end = start + 4 + int.from_bytes(stream[start : start + 4], "big")
        if end > len(stream):
            break
        packets.append(stream[start + 4 : end])
        start = end
    return packets


def joined(packets: Packets) -> bytes:
    return b"".join(struct.pack(">I", len(packet)) + packet for packet in packets)


class Mutator:
    """Everything comes from one generator of pseudo-random numbers."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._seeds = seeds()

    def session(self) -> bytes:
        """Return what one hostile client sends on its channel."""
        packets = list(self.random.choice(self._seeds))
        start = self.random.randrange(len(packets))
        packets = packets[:1] + packets[start : start + self.random.randint(1, 60)]
        for _ in range(self.random.choice((0, 1, 2, 4, 8, 16, 32))):
            self.random.choice(self._OF_PACKETS)(self, packets)
        stream = joined(packets)
        if self.random.random() < 0.15:
            stream = self.random.choice(self._OF_STREAMS)(self, stream)
        return stream

    def pieces(self, stream: bytes) -> list[bytes]:
        """Cut the stream anywhere, as a network does."""
        cuts = sorted(self.random.randrange(len(stream) + 1) for _ in range(self.random.randrange(4)))
        return [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    # One packet

    def _at(self, packets: Packets) -> int:
        return self.random.randrange(len(packets))

    def _flip(self, packets: Packets) -> None:
        at = self._at(packets)
        body = bytearray(packets[at])
        for _ in range(self.random.randint(1, 4)):
            if body:
                body[self.random.randrange(len(body))] = self.random.randrange(256)
        packets[at] = bytes(body)

    def _shorten(self, packets: Packets) -> None:
        at = self._at(packets)
        packets[at] = packets[at][: self.random.randrange(len(packets[at]) + 1)]

    def _lengthen(self, packets: Packets) -> None:
        at = self._at(packets)
        packets[at] += self.random.randbytes(self.random.randint(1, 40))

    def _change_type(self, packets: Packets) -> None:
        at = self._at(packets)
        packets[at] = bytes((self.random.randrange(256),)) + packets[at][1:]

    def _change_request(self, packets: Packets) -> None:
        """Another request of version 3 with this one's fields."""
        at = self._at(packets)
        packets[at] = bytes((self.random.randint(3, 20),)) + packets[at][1:]

    def _put_number(self, packets: Packets) -> None:
        at = self._at(packets)
        body = bytearray(packets[at])
        if len(body) >= 5:
            where = self.random.randrange(1, len(body) - 3)
            struct.pack_into(">I", body, where, self.random.choice(_NUMBERS))
        packets[at] = bytes(body)

    def _put_string(self, packets: Packets) -> None:
        """Replace the first string (a path or a handle)."""
        at = self._at(packets)
        body, text = packets[at], self.random.choice(_STRINGS)
        if len(body) >= 9:
            after = 9 + int.from_bytes(body[5:9], "big")
            packets[at] = body[:5] + struct.pack(">I", len(text)) + text + body[after:]

    def _attributes(self, packets: Packets) -> None:
        flags = self.random.choice((*_NUMBERS, 0x8000_000F, 0xF))
        packets[self._at(packets)] += struct.pack(">I", flags) + self.random.randbytes(
            self.random.randrange(40)
        )

    def _extended(self, packets: Packets) -> None:
        name = self.random.choice(
            (b"statvfs@openssh.com", b"posix-rename@openssh.com", b"limits@openssh.com", b"copy-data", b"")
        )
        body = bytes((200,)) + self.random.randbytes(4) + struct.pack(">I", len(name)) + name
        packets.insert(self._at(packets), body + self.random.randbytes(self.random.randrange(30)))

    def _noise(self, packets: Packets) -> None:
        packets.insert(self._at(packets), self.random.randbytes(self.random.randrange(200)))

    # Several packets

    def _drop(self, packets: Packets) -> None:
        if len(packets) > 1:
            del packets[self._at(packets)]

    def _repeat(self, packets: Packets) -> None:
        at = self._at(packets)
        packets[at:at] = [packets[at]] * self.random.randint(1, 12)

    def _swap(self, packets: Packets) -> None:
        one, other = self._at(packets), self._at(packets)
        packets[one], packets[other] = packets[other], packets[one]

    # The stream

    def _cut(self, stream: bytes) -> bytes:
        return stream[: self.random.randrange(len(stream) + 1)]

    def _lie_about_a_length(self, stream: bytes) -> bytes:
        at = self.random.randrange(max(1, len(stream) - 4))
        return stream[:at] + struct.pack(">I", self.random.choice(_NUMBERS)) + stream[at + 4 :]

    def _bytes(self, stream: bytes) -> bytes:
        return self.random.randbytes(self.random.randrange(1, min(len(stream), 4000) + 1))

    def _bytes_after_init(self, stream: bytes) -> bytes:
        return stream[:9] + self._bytes(stream)

    _OF_PACKETS: tuple[Callable[[Mutator, Packets], None], ...] = (
        _flip,
        _flip,
        _shorten,
        _lengthen,
        _change_type,
        _change_request,
        _change_request,
        _put_number,
        _put_number,
        _put_string,
        _put_string,
        _attributes,
        _extended,
        _noise,
        _drop,
        _repeat,
        _swap,
    )
    _OF_STREAMS: tuple[Callable[[Mutator, bytes], bytes], ...] = (
        _cut,
        _lie_about_a_length,
        _bytes,
        _bytes_after_init,
    )
