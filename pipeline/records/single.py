"""One row in one call, for the tasks of a state machine and for what is out of the ordinary."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipeline.common import clock
from pipeline.common.events import Upload
from pipeline.common.settings import RecordSettings
from pipeline.records import changes, statements
from pipeline.records.changes import Change, Claim, Ending
from pipeline.records.rows import Row
from pipeline.records.states import Hold

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_DAY_S = 86_400


@dataclass(frozen=True)
class Answer:
    """What came of a change."""

    applied: bool
    row: Row | None
    """The row as it is now; `None` where there is none."""


def expires_at(settings: RecordSettings) -> int | None:
    """Return when a row that is written now may be deleted, in seconds since the epoch; `None` for never."""
    return int(time.time()) + settings.row_ttl_days * _DAY_S if settings.row_ttl_days else None


@dataclass(frozen=True)
class RecordTable:
    """The metadata table. Each call raises botocore's errors but for a condition that is not fulfilled."""

    dynamodb: DynamoDBClient
    settings: RecordSettings

    def claim(self, upload: Upload, claimed_by: str, *, hold: Hold = Hold.EXCLUSIVE) -> Answer:
        """Take an upload for one more attempt; makes the row where there is none.

        Not applied: another holds it, or it has ended. `row` then says which: a row whose `claimed_by` is the
        caller's own and whose status is final was ended by an earlier try of this very task.
        """
        return self.apply(self.claim_change(Claim(upload, claimed_by, clock.now_iso(), hold=hold)))

    def end(self, ending: Ending) -> Answer:
        """End the attempt. Not applied: the row has ended already, or (failures only) another holds it."""
        return self.apply(self.end_change(ending))

    def requeue(self, file_id: str) -> Answer:
        """Give a failed upload all its attempts again."""
        return self.apply(changes.requeue(file_id, clock.now_iso()))

    def claim_change(self, claim: Claim) -> Change:
        return changes.claim(claim, self.settings.destination_bucket)

    def end_change(self, ending: Ending) -> Change:
        return changes.end(ending, expires_at(self.settings))

    def apply(self, change: Change) -> Answer:
        """Make a change, or find that the row's state does not allow it."""
        try:
            answer = self.dynamodb.update_item(**statements.update_item(self.settings.table_name, change))
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            response: Any = exc.response
            return Answer(False, Row.of(response["Item"]) if response.get("Item") else None)
        return Answer(True, Row.of(answer["Attributes"]))
