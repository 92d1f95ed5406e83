"""What is in the files: deterministic content of an exact size, cheap to make.

The content of a file depends on the seed, its sequence number and its size only, so a file can be made
again to check what was delivered. Three kinds:

* `csv`: the first record names seed and sequence, so no two files are alike (from 40 bytes on); the others
  are taken from one block that is made once per seed, starting at another place for every file. What is left
  of the size behind the last whole record is a short record of as many fields.
* `compressible`: the same, with one record repeated: it shrinks to a hundredth and less.
* `random`: the key stream of a cipher, which no compressor makes smaller.
"""

from __future__ import annotations

import hashlib
import random
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Literal

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from harness.load.randomness import stream

ContentKind = Literal["csv", "random", "compressible"]

_RECORD_BYTES = 64
_COMMAS = b"," * 5
"""Of each record, so that every file is a table: the pipeline may be told to check that."""
_BLOCK_RECORDS = 2048
_BLOCK_BYTES = _RECORD_BYTES * _BLOCK_RECORDS
_STRIDE_RECORDS = 769
"""Prime, so that successive files start all over the block."""
_RAGGED_RECORD = b"no fields here".ljust(_RECORD_BYTES - 1, b".") + b"\n"


class ContentSource(ABC):
    """Makes the files of one seed."""

    @abstractmethod
    def pieces(self, sequence: int, size_bytes: int, *, ragged: bool = False) -> Iterator[bytes | memoryview]:
        """Yield the file in parts of at most 128 KiB, without ever holding all of it.

        :param ragged: with a record behind the header that has too few fields, where the kind has records and
            the size has room for it
        """

    def whole(self, sequence: int, size_bytes: int, *, ragged: bool = False) -> bytes:
        """Return the file in one piece; for small files."""
        return b"".join(self.pieces(sequence, size_bytes, ragged=ragged))

    def sha256(self, sequence: int, size_bytes: int) -> str:
        """Return the SHA-256 of the file in hex."""
        digest = hashlib.sha256()
        for piece in self.pieces(sequence, size_bytes):
            digest.update(piece)
        return digest.hexdigest()


def content_source(seed: int, kind: ContentKind = "csv") -> ContentSource:
    """Return the source for one kind of content."""
    if kind == "random":
        return RandomSource(seed)
    return TableSource(seed, _block(seed) if kind == "csv" else _record(stream(seed, "content"), 0) * 2048)


class TableSource(ContentSource):
    """Files of records, all but the first from one block.

    :param block: 2,048 records of 64 bytes
    """

    def __init__(self, seed: int, block: bytes) -> None:
        self._seed = seed
        self._twice = memoryview(block + block)

    def pieces(self, sequence: int, size_bytes: int, *, ragged: bool = False) -> Iterator[bytes | memoryview]:
        first = _first_record(self._seed, sequence)
        if size_bytes <= _RECORD_BYTES:
            if size_bytes > 0:
                yield first[: size_bytes - 1] + b"\n"
            return
        end = _end(size_bytes)
        yield first[: size_bytes - len(end)]
        remaining = size_bytes - len(end) - _RECORD_BYTES
        if ragged and remaining >= _RECORD_BYTES:
            yield _RAGGED_RECORD
            remaining -= _RECORD_BYTES
        start = sequence * _STRIDE_RECORDS % _BLOCK_RECORDS * _RECORD_BYTES
        while remaining > 0:
            part = self._twice[start : start + min(remaining, _BLOCK_BYTES)]
            yield part
            remaining -= len(part)
        yield end


class RandomSource(ContentSource):
    """Files of the AES-CTR key stream under seed and sequence: the same on every machine, at gigabytes per
    second. https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38a.pdf (section 6.5)
    """

    def __init__(self, seed: int) -> None:
        self._key = hashlib.sha256(f"{seed}/content".encode()).digest()[:16]
        self._zeros = bytes(_BLOCK_BYTES)

    def pieces(
        self,
        sequence: int,
        size_bytes: int,
        *,
        ragged: bool = False,  # noqa: ARG002  (there are no records)
    ) -> Iterator[bytes | memoryview]:
        # The upper half of the counter block is the file, the lower half counts its blocks.
        counter = sequence.to_bytes(8, "big") + bytes(8)
        encryptor = Cipher(algorithms.AES(self._key), modes.CTR(counter)).encryptor()
        for start in range(0, size_bytes, _BLOCK_BYTES):
            yield encryptor.update(self._zeros[: min(_BLOCK_BYTES, size_bytes - start)])


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
