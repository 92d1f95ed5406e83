"""Many rows in few calls, for workers behind a queue and for the recorder.

Almost every claim and every end is one statement, so a batch costs two calls. What a statement finds in its
way (no row yet, a row already, a failed one) decides the next statement for that upload.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.common import clock
from pipeline.common.settings import RecordSettings
from pipeline.records import changes, rounds, statements, states
from pipeline.records.changes import Change, Claim, Ending
from pipeline.records.errors import RowNotWrittenError
from pipeline.records.rounds import Answer, Program
from pipeline.records.rows import Columns, Row
from pipeline.records.single import RecordTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import BatchStatementRequestTypeDef

_MAX_TRIES = 5


@dataclass(frozen=True)
class Held:
    """An upload that the caller has claimed."""

    claim: Claim
    row: Row


@dataclass(frozen=True)
class Written:
    """The end of the attempt is in the row."""


@dataclass(frozen=True)
class Settled:
    """The upload has ended as transferred or superseded before, by whomever: nothing is left to do."""

    row: Row


@dataclass(frozen=True)
class Withdrawn:
    """The upload turned out to be partial: it ended as failed for good, and no copy of it may stay."""

    row: Row


@dataclass(frozen=True)
class Lost:
    """Another holds the upload by now, or has given it back: the caller's failure counts no more."""

    row: Row


Claimed = Held | Settled | Withdrawn | Exception
Ended = Written | Settled | Withdrawn | Lost | Exception


class BatchedTable:
    """The metadata table, many rows at a time. Errors are results, so that each upload fails for itself."""

    def __init__(self, dynamodb: DynamoDBClient, settings: RecordSettings) -> None:
        self._dynamodb = dynamodb
        self._settings = settings
        self._single = RecordTable(dynamodb, settings)

    def record(self, rows: Mapping[str, Columns]) -> dict[str, Exception]:
        """Insert rows by `file_id`, none over one that is there; return why some could not be written."""
        errors = rounds.run(self._dynamodb, {name: self._recording(row) for name, row in rows.items()})
        return {file_id: error for file_id, error in errors.items() if error}

    def claim(self, claims: Sequence[Claim]) -> dict[str, Claimed]:
        """Take each upload for one more attempt; return what came of it by `file_id`.

        A failed upload gets all its attempts again: that its message comes is somebody's decision.
        """
        return rounds.run(self._dynamodb, {claim.file_id: self._claiming(claim) for claim in claims})

    def end(self, endings: Sequence[tuple[Held, Ending]]) -> dict[str, Ended]:
        """End each attempt; return what came of it by `file_id`."""
        programs = {held.row.file_id: self._ending(held, ending) for held, ending in endings}
        return rounds.run(self._dynamodb, programs)

    def release(self, given_back: Sequence[Held]) -> dict[str, Ended]:
        """Give uploads back that were claimed but not tried."""
        programs = {held.row.file_id: self._releasing(held) for held in given_back}
        return rounds.run(self._dynamodb, programs)

    def stand_down(self, file_id: str, claimed_by: str) -> None:
        """Say that the latest holder of a partial upload has given it up; raises botocore's errors."""
        self._single.stand_down(file_id, claimed_by)

    def _recording(self, row: Columns) -> Program[Exception | None]:
        answer = yield statements.insert(self._settings.table_name, row)
        return None if answer.code == rounds.DUPLICATE else answer.error

    def _claiming(self, claim: Claim) -> Program[Claimed]:
        change = self._single.claim_change(claim)
        may_exist = self._expects_row(claim)
        for _ in range(_MAX_TRIES):
            if not may_exist:
                answer = yield statements.insert(self._settings.table_name, change.new_row())
                if answer.succeeded:
                    return Held(claim, Row.of(change.new_row()))
                if answer.error and answer.code != rounds.DUPLICATE:
                    return answer.error
            answer = yield self._update(change, returning=True)
            if (outcome := self._taken(claim, answer)) is not None:
                return outcome
            may_exist = bool(answer.item)
        return RowNotWrittenError(f"the row changed {_MAX_TRIES} times while it was claimed")

    def _expects_row(self, claim: Claim) -> bool:
        """Tell whether an UPDATE is likelier to succeed than an INSERT."""
        if claim.delivery is None or claim.delivery.receive_count > 1:
            return True
        age_s = clock.seconds_between(claim.delivery.queued_at, claim.at)
        return self._settings.recording == "full" and age_s > self._settings.recorder_delay_s

    def _taken(self, claim: Claim, answer: Answer) -> Claimed | None:
        """Return what an update came to; `None` when another try is worth it."""
        row = Row.of(answer.item) if answer.item else None
        if answer.error is None:
            return Held(claim, row) if row else RowNotWrittenError("DynamoDB did not return the claimed row")
        if answer.code != rounds.CONDITION:
            return answer.error
        if row and row.is_partial:
            return Withdrawn(row)
        if row and row.status in states.FINAL:
            return Settled(row)
        if row and row.status == states.FAILED:
            try:
                self._single.requeue(row.file_id)
            except (ClientError, BotoCoreError) as exc:
                return exc
        return None

    def _ending(self, held: Held, ending: Ending) -> Program[Ended]:
        answer = yield self._update(self._single.end_change(ending), returning=False)
        outcome = _ended(answer)
        if not isinstance(outcome, Lost) or ending.status not in states.FINAL:
            return outcome
        # The copy is made, whatever another attempt has written since: that one must not have the last word.
        again = yield from self._claiming(held.claim)
        if not isinstance(again, Held):
            return again
        once_more = replace(ending, attempt=again.row.attempts, may_have_error=again.row.has_error)
        return _ended((yield self._update(self._single.end_change(once_more), returning=False)))

    def _releasing(self, held: Held) -> Program[Ended]:
        change = changes.release(
            held.row.file_id,
            claimed_by=held.claim.claimed_by,
            attempt=held.row.attempts,
            at=clock.now_iso(),
        )
        return _ended((yield self._update(change, returning=False)))

    def _update(self, change: Change, *, returning: bool) -> BatchStatementRequestTypeDef:
        return statements.update(self._settings.table_name, change, returning=returning)


def _ended(answer: Answer) -> Ended:
    if answer.error is None:
        return Written()
    if answer.code != rounds.CONDITION:
        return answer.error
    if not answer.item:
        return RowNotWrittenError("the row has been deleted")
    row = Row.of(answer.item)
    if row.is_partial:
        return Withdrawn(row)
    return Settled(row) if row.status in states.FINAL else Lost(row)
