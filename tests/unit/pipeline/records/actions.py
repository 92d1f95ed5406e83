"""Everything that may happen to a row, each by both ways of writing it, and what the design says comes of it.

Written down as the rules say it, not as the code does, so that it can be held against the table in memory
(unit) and against a real DynamoDB (integration).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.common.events import Delivery, Upload
from pipeline.common.settings import RecordSettings
from pipeline.records import changes, statements, states
from pipeline.records.batched import BatchedTable, Held
from pipeline.records.changes import Breakage, Claim, Ending
from pipeline.records.rows import Row
from pipeline.records.single import RecordTable
from pipeline.records.states import Hold

ME, OTHER = "me", "other"
STARTED, NOW = "2026-11-22T20:05:24.000000Z", "2026-11-22T20:05:25.000000Z"
ATTEMPTS = 2
"""Attempts of every row at the beginning."""
PARTIAL = "failed for good"
"""The state of a row that is in quarantine; its column says `failed`."""
STARTS = (None, *states.STATES, PARTIAL)
FIRST = Delivery("m", "r", 1, STARTED, STARTED)
"""A message that comes for the first time: in `lean`, the worker expects no row."""


def upload(file_id: str) -> Upload:
    return Upload(file_id, "source", "acme/a.csv", "v1", 5, "etag", "00", STARTED)


class Tables:
    """Both ways of writing one table."""

    def __init__(self, dynamodb: Any, table_name: str, recording: str = "full") -> None:
        self.dynamodb = dynamodb
        self.settings = RecordSettings(
            table_name=table_name, destination_bucket="destination", recording=recording
        )
        self.single = RecordTable(dynamodb, self.settings)
        self.batched = BatchedTable(dynamodb, self.settings)

    def put(self, file_id: str, status: str, holder: str) -> None:
        """Make a row in a state, by INSERT."""
        status, marks = (
            (states.FAILED, {"quarantined_at": {"S": STARTED}}) if status == PARTIAL else (status, {})
        )
        row = changes.claim(Claim(upload(file_id), holder, STARTED, FIRST), "destination").new_row()
        row |= {"status": {"S": status}, "attempts": {"N": str(ATTEMPTS)}} | marks
        answer = self.dynamodb.batch_execute_statement(
            Statements=[statements.insert(self.settings.table_name, row)]
        )
        assert "Error" not in answer["Responses"][0]

    def record(self, file_id: str) -> object:
        row = changes.record(
            upload(file_id), status=states.QUEUED, queued_at=NOW, at=NOW, destination_bucket="destination"
        )
        return self.batched.record({file_id: row})

    def claim_shared(self, file_id: str) -> object:
        return self.batched.claim([Claim(upload(file_id), ME, NOW, FIRST)])

    def claim_exclusive(self, file_id: str) -> object:
        return self.single.claim(upload(file_id), ME, hold=Hold.EXCLUSIVE)

    def end(self, file_id: str, status: str) -> object:
        return self.single.end(Ending(file_id, status, ME, NOW, attempt=ATTEMPTS))

    def end_batched(self, file_id: str, status: str) -> object:
        held = Held(
            Claim(upload(file_id), ME, NOW, FIRST), Row(file_id, states.PROCESSING, ATTEMPTS, claimed_by=ME)
        )
        return self.batched.end([(held, Ending(file_id, status, ME, NOW, attempt=ATTEMPTS))])

    def release(self, file_id: str) -> object:
        row = Row(file_id, states.PROCESSING, ATTEMPTS, claimed_by=ME)
        return self.batched.release([Held(Claim(upload(file_id), ME, NOW, FIRST), row)])

    def requeue(self, file_id: str) -> object:
        return self.single.requeue(file_id)

    def quarantine(self, file_id: str) -> object:
        return self.single.quarantine(Breakage(upload(file_id), "session 1", "it broke off"))

    def stand_down(self, file_id: str) -> object:
        return self.single.stand_down(file_id, ME)

    def withdraw(self, file_id: str) -> object:
        return self.single.withdraw(file_id, {})


def state_of(row: Mapping[str, Any] | None) -> str | None:
    """Return the state of a row as it is read."""
    if row is None:
        return None
    return PARTIAL if "quarantined_at" in row else str(row["status"]["S"])


@dataclass(frozen=True)
class Action:
    """One thing that may happen, and its rule."""

    name: str
    do: Callable[[Tables, str], object]
    usually: Callable[[str | None, str], str | None]
    """From the state (`None`: no row) and its holder to the state that must follow, but in quarantine."""

    def rule(self, start: str | None, holder: str) -> str | None:
        """Nothing leads out of quarantine."""
        return PARTIAL if start == PARTIAL else self.usually(start, holder)


def _record(start: str | None, _holder: str) -> str | None:
    return start or states.QUEUED


def _claim_shared(start: str | None, _holder: str) -> str | None:
    return start if start in states.FINAL else states.PROCESSING


def _claim_exclusive(start: str | None, holder: str) -> str | None:
    if start in (None, states.UPLOADED, states.QUEUED) or (start == states.PROCESSING and holder == ME):
        return states.PROCESSING
    return start


def _success(status: str) -> Callable[[str | None, str], str | None]:
    return lambda start, _holder: status if start == states.PROCESSING else start


def _late_success(status: str) -> Callable[[str | None, str], str | None]:
    """A batched worker does not let another's failure have the last word over a finished copy."""
    return lambda start, _holder: start if start in states.FINAL or start is None else status


def _failure(status: str) -> Callable[[str | None, str], str | None]:
    return lambda start, holder: status if start == states.PROCESSING and holder == ME else start


def _requeue(start: str | None, _holder: str) -> str | None:
    return states.QUEUED if start == states.FAILED else start


ACTIONS = (
    Action("record", Tables.record, _record),
    Action("claim, shared", Tables.claim_shared, _claim_shared),
    Action("claim, exclusive", Tables.claim_exclusive, _claim_exclusive),
    Action("release", Tables.release, _failure(states.QUEUED)),
    Action("requeue", Tables.requeue, _requeue),
    Action("quarantine", Tables.quarantine, lambda _start, _holder: PARTIAL),
    Action("stand down", Tables.stand_down, lambda start, _holder: start),
    Action("withdraw", Tables.withdraw, lambda start, _holder: start),
    *(
        Action(f"end, {status}", lambda tables, file_id, s=status: tables.end(file_id, s), _success(status))  # type: ignore[misc]
        for status in sorted(states.FINAL)
    ),
    *(
        Action(f"end, {status}", lambda tables, file_id, s=status: tables.end(file_id, s), _failure(status))  # type: ignore[misc]
        for status in (states.FAILED, states.QUEUED)
    ),
    *(
        Action(
            f"end in a batch, {status}",
            lambda tables, file_id, s=status: tables.end_batched(file_id, s),  # type: ignore[misc]
            _late_success(status),
        )
        for status in sorted(states.FINAL)
    ),
    *(
        Action(
            f"end in a batch, {status}",
            lambda tables, file_id, s=status: tables.end_batched(file_id, s),  # type: ignore[misc]
            _failure(status),
        )
        for status in (states.FAILED, states.QUEUED)
    ),
)
