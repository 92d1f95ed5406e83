"""What is in the files: deterministic CSV of an exact size, cheap to make.

The content of a file depends on the seed, its sequence number and its size only, so a file can be made
again to check what was delivered. The first record names seed and sequence, so no two files are alike (from
40 bytes on); the other records are taken from one block that is made once per seed, starting at another
place for every file. What is left of the size behind the last whole record is a short record of as many
fields.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator

from harness.load.randomness import stream

_RECORD_BYTES = 64
_COMMAS = b"," * 5
"""Of each record, so that every file is a table: the pipeline may be told to check that."""
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
        first = _first_record(self._seed, sequence)
        if size_bytes <= _RECORD_BYTES:
            if size_bytes > 0:
                yield first[: size_bytes - 1] + b"\n"
            return
        end = _end(size_bytes)
        yield first[: size_bytes - len(end)]
        remaining = size_bytes - len(end) - _RECORD_BYTES
        start = sequence * _STRIDE_RECORDS % _BLOCK_RECORDS * _RECORD_BYTES
        while remaining > 0:
            part = self._twice[start : start + min(remaining, _BLOCK_BYTES)]
            yield part
            remaining -= len(part)
        yield end

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
    return f"{sequence},{seed},,,,".encode().ljust(_RECORD_BYTES - 1, b"0") + b"\n"


def _end(size_bytes: int) -> bytes:
    """Return the bytes behind the whole records: a short record or, where there is no room, more of the last.

    More of the last begins where that one's newline would be.
    """
    rest = size_bytes % _RECORD_BYTES
    if rest == 0:
        return b""
    if rest <= len(_COMMAS):
        return b"0" * rest + b"\n"
    return _COMMAS.ljust(rest - 1, b"0") + b"\n"


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
