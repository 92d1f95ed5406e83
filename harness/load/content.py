"""What is in the files: deterministic CSV of an exact size, cheap to make.

The content of a file depends on the seed, its sequence number and its size only, so a file can be made
again to check what was delivered. The first record names seed and sequence, so no two files are alike (from
40 bytes on); the other records are taken from one block that is made once per seed, starting at another
place for every file. The last record is cut to the size and ends in a newline.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator

from harness.load.randomness import stream

_RECORD_BYTES = 64
_BLOCK_RECORDS = 2048
_BLOCK_BYTES = _RECORD_BYTES * _BLOCK_RECORDS
_STRIDE_RECORDS = 769
"""Prime, so that successive files start all over the block."""


class ContentSource:
    """Makes the files of one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        block = _block(seed)
        self._twice = memoryview(block + block)

    def pieces(self, sequence: int, size_bytes: int) -> Iterator[bytes | memoryview]:
        """Yield the file in parts of at most 128 KiB, without ever holding all of it."""
        if size_bytes <= 0:
            return
        remaining = size_bytes - 1
        first = _first_record(self._seed, sequence)[:remaining]
        yield first
        remaining -= len(first)
        start = sequence * _STRIDE_RECORDS % _BLOCK_RECORDS * _RECORD_BYTES
        while remaining > 0:
            part = self._twice[start : start + min(remaining, _BLOCK_BYTES)]
            yield part
            remaining -= len(part)
        yield b"\n"

    def whole(self, sequence: int, size_bytes: int) -> bytes:
        """Return the file in one piece; for small files."""
        return b"".join(self.pieces(sequence, size_bytes))

    def sha256(self, sequence: int, size_bytes: int) -> str:
        """Return the SHA-256 of the file in hex."""
        digest = hashlib.sha256()
        for piece in self.pieces(sequence, size_bytes):
            digest.update(piece)
        return digest.hexdigest()


def _first_record(seed: int, sequence: int) -> bytes:
    return f"{sequence},{seed},".encode().ljust(_RECORD_BYTES - 1, b"0") + b"\n"


def _block(seed: int) -> bytes:
    rng = stream(seed, "content")
    return b"".join(_record(rng, number) for number in range(_BLOCK_RECORDS))


def _record(rng: random.Random, number: int) -> bytes:
    """One record of exactly 64 bytes: number, date, account, currency, amount, reference."""
    day = f"2026-{1 + _below(rng, 12):02d}-{1 + _below(rng, 28):02d}"
    currency = ("EUR", "USD", "GBP", "JPY")[_below(rng, 4)]
    amount = f"{_below(rng, 10**9) / 100:010.2f}"
    start = f"{number:06d},{day},{_below(rng, 10**10):010d},{currency},{amount},"
    reference_digits = _RECORD_BYTES - 1 - len(start)
    return f"{start}{_below(rng, 16**reference_digits):0{reference_digits}x}\n".encode()


def _below(rng: random.Random, bound: int) -> int:
    return int(rng.random() * bound)
