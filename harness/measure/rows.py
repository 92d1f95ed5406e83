"""Rows of the table `FileTransferMetadata`.

The pipeline writes one row per `file_id`; column names are a contract between the two. States: `uploaded` →
`queued` → `processing` → `transferred`, `superseded` or `failed`; an attempt that failed and will be made
again leaves `queued` with its error. A pipeline of the user's own may have no table at all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from harness.clock import from_iso
from harness.exceptions import SettleError

TRANSFERRED = "transferred"
FAILED = "failed"
SUPERSEDED = "superseded"
PARTIAL_UPLOAD = "PartialUpload"
"""`error_type` of a failed row whose upload broke off; such a row stays as it is."""

_TEXTS = ("file_id", "status", "destination_version_id", "error_type", "error_message", "claimed_by")
_TIMES = ("queued_at", "first_received_at", "handler_started_at", "handler_ended_at", "withdrawn_at")
_NUMBERS = ("receive_count", "attempts", "redrives")
_READ_AS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(_TIMES, from_iso),
    **dict.fromkeys(_NUMBERS, int),
    "status": sys.intern,
}
COLUMNS = (*_TEXTS, *_TIMES, *_NUMBERS)


@dataclass(slots=True)
class Row:
    """What the pipeline recorded about one upload. Times are seconds since the epoch.

    Not frozen, which is slow: there are millions.
    """

    file_id: str
    status: str | None = None
    destination_version_id: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    queued_at: float | None = None
    first_received_at: float | None = None
    handler_started_at: float | None = None
    handler_ended_at: float | None = None
    receive_count: int | None = None
    attempts: int | None = None
    redrives: int | None = None
    """How often it was brought back after it had failed for good."""
    withdrawn_at: float | None = None
    """When the quarantine had seen to it that a partial upload is not at the destination."""
    claimed_by: str | None = None
    """What works or worked on it: an execution's ARN, or a request of a function, or a task."""

    @property
    def final(self) -> bool:
        """The pipeline will not come back to this file by itself."""
        return self.status in (TRANSFERRED, SUPERSEDED)


def was_tried(row: Row | None) -> bool:
    """Tell whether a function has ever begun on the file."""
    return row is not None and (bool(row.attempts) or row.handler_started_at is not None)


def is_marked_partial(row: Row | None) -> bool:
    """Tell whether the table says that the upload broke off and is not to be delivered."""
    return row is not None and row.status == FAILED and row.error_type == PARTIAL_UPLOAD


def parse_row(item: dict[str, dict[str, Any]]) -> Row:
    """Turn DynamoDB's typed attributes into a `Row`; raises `SettleError` for an unreadable value."""
    plain = {name: text for name, value in item.items() if (text := _plain(value))}
    file_id = plain.pop("file_id")
    values: dict[str, Any] = {}
    try:
        for name, text in plain.items():
            values[name] = _READ_AS.get(name, str)(text)
        return Row(file_id, **values)
    except (TypeError, ValueError) as exc:
        raise SettleError(
            f"row {file_id} of the table holds what is not a time or a number: {exc}",
            hint="The handler that wrote it breaks the contract of the table's columns.",
        ) from exc


def _plain(attribute: dict[str, Any]) -> str | None:
    return attribute.get("S") or attribute.get("N")


def batched(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Yield lists of at most `size` items."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
