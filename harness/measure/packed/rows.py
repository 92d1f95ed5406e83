"""Rows of the table by `file_id`; those of files that were simply transferred are packed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from struct import Struct, error

from harness.measure.rows import TRANSFERRED, Row

_FORM = Struct("<4dBBB")
_UNKNOWN = math.nan
_NO_NUMBER = 255


class PackedRows(Mapping[str, Row]):
    """Reads like a `dict[str, Row]`. What claimed a file that has arrived is not kept: nobody asks for it."""

    def __init__(self, rows: Mapping[str, Row] | None = None) -> None:
        self._packed: dict[str, bytes] = {}
        self._others: dict[str, Row] = {}
        if rows:
            self.update(rows)

    def update(self, rows: Mapping[str, Row]) -> None:
        """Add rows; they take the place of those with the same `file_id`."""
        for file_id, row in rows.items():
            self[file_id] = row

    def __setitem__(self, file_id: str, row: Row) -> None:
        if (packed := _pack(row)) is not None:
            self._others.pop(file_id, None)
            self._packed[file_id] = packed
        else:
            self._packed.pop(file_id, None)
            self._others[file_id] = row

    def __getitem__(self, file_id: str) -> Row:
        packed = self._packed.get(file_id)
        return self._others[file_id] if packed is None else _unpack(file_id, packed)

    def discard(self, file_id: str) -> None:
        """Forget a row if it is there."""
        self._packed.pop(file_id, None)
        self._others.pop(file_id, None)

    def is_final(self, file_id: str) -> bool:
        """Tell whether there is a row after which the pipeline does not come back to the file."""
        return file_id in self._packed or ((row := self._others.get(file_id)) is not None and row.final)

    def __contains__(self, file_id: object) -> bool:
        return file_id in self._packed or file_id in self._others

    def __iter__(self) -> Iterator[str]:
        yield from self._packed
        yield from self._others

    def __len__(self) -> int:
        return len(self._packed) + len(self._others)


def _pack(row: Row) -> bytes | None:
    """Return the row in bytes, or `None` where something about it is out of the ordinary."""
    if row.status != TRANSFERRED or row.error_type or row.error_message or row.withdrawn_at is not None:
        return None
    numbers = (row.receive_count, row.attempts, row.redrives)
    if _NO_NUMBER in numbers:
        return None
    receives, attempts, redrives = numbers
    queued, received, started = row.queued_at, row.first_received_at, row.handler_started_at
    try:
        # Written out, because a generator for each row takes twice the time.
        packed = _FORM.pack(
            _UNKNOWN if queued is None else queued,
            _UNKNOWN if received is None else received,
            _UNKNOWN if started is None else started,
            _UNKNOWN if row.handler_ended_at is None else row.handler_ended_at,
            _NO_NUMBER if receives is None else receives,
            _NO_NUMBER if attempts is None else attempts,
            _NO_NUMBER if redrives is None else redrives,
        )
    except error:  # a number that one byte cannot hold
        return None
    return packed + (row.destination_version_id or "").encode()


def _unpack(file_id: str, packed: bytes) -> Row:
    queued, received, started, ended, receives, attempts, redrives = _FORM.unpack_from(packed)
    return Row(
        file_id,
        TRANSFERRED,
        packed[_FORM.size :].decode() or None,
        None,
        None,
        None if queued != queued else queued,
        None if received != received else received,
        None if started != started else started,
        None if ended != ended else ended,
        None if receives == _NO_NUMBER else receives,
        None if attempts == _NO_NUMBER else attempts,
        None if redrives == _NO_NUMBER else redrives,
    )
