"""Puts the writes of one upload in order.

S3 objects are written front to back. Clients may have several writes under way and send them slightly out
of order, so a few early ones are held back; whatever cannot become a gap-free stream is refused, as
Transfer Family does.
"""

from __future__ import annotations

MAX_HELD_WRITES = 64
MAX_HELD_BYTES = 8 * 1024 * 1024


class RandomWriteError(Exception):
    """The write does not continue the stream."""

    def __init__(self) -> None:
        super().__init__("AWS Transfer does not support random access writes to S3 objects.")


class WriteWindow:
    """Accepts writes at offsets and gives back the bytes in order."""

    def __init__(self) -> None:
        self._next = 0
        self._held: dict[int, bytes] = {}
        self._held_bytes = 0

    @property
    def size_bytes(self) -> int:
        """Length of the gap-free stream so far."""
        return self._next

    @property
    def has_gap(self) -> bool:
        """Some early writes still wait for what belongs before them."""
        return bool(self._held)

    def accept(self, offset: int, data: bytes) -> list[bytes]:
        """Take one write; return the pieces that now continue the stream, in order.

        :raises RandomWriteError: it overlaps what is there, or lies too far ahead
        """
        if not data:
            return []
        if offset == self._next and not self._held:
            self._next += len(data)
            return [data]
        self._hold(offset, data)
        return self._release()

    def _hold(self, offset: int, data: bytes) -> None:
        full = len(self._held) >= MAX_HELD_WRITES or self._held_bytes + len(data) > MAX_HELD_BYTES
        closes_the_gap = offset == self._next
        too_far = offset - self._next > MAX_HELD_BYTES or (full and not closes_the_gap)
        if offset < self._next or too_far or self._overlaps(offset, len(data)):
            raise RandomWriteError
        self._held[offset] = data
        self._held_bytes += len(data)

    def _overlaps(self, offset: int, length: int) -> bool:
        return any(
            start < offset + length and offset < start + len(held) for start, held in self._held.items()
        )

    def _release(self) -> list[bytes]:
        pieces = []
        while (piece := self._held.pop(self._next, None)) is not None:
            self._next += len(piece)
            self._held_bytes -= len(piece)
            pieces.append(piece)
        return pieces
