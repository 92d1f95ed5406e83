"""One row in one call, for the tasks of a state machine and for what is out of the ordinary."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipeline.common import clock
from pipeline.common.events import Upload
from pipeline.common.settings import RecordSettings
from pipeline.records import changes, statements
from pipeline.records.changes import Breakage, Change, Claim, Ending
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

    def quarantine(self, broken: Breakage) -> Answer:
        """Make an upload `failed` for good. Not applied: it is already."""
        bucket, expiry = self.settings.destination_bucket, expires_at(self.settings)
        return self.apply(changes.quarantine(broken, bucket, at=clock.now_iso(), expires_at=expiry))

    def stand_down(self, file_id: str, claimed_by: str) -> Answer:
        """Say that the latest holder of a partial upload has given it up. Not applied: another holds it."""
        return self.apply(changes.stand_down(file_id, claimed_by=claimed_by, at=clock.now_iso()))

    def withdraw(self, file_id: str, kept: Mapping[str, str]) -> Answer:
        """Say that no copy of a partial upload is at the destination any more."""
        return self.apply(changes.withdraw(file_id, at=clock.now_iso(), kept=kept))

    def read(self, file_id: str) -> Row | None:
        """Return the row as it is now."""
        found = self.dynamodb.get_item(
            TableName=self.settings.table_name, Key={"file_id": {"S": file_id}}, ConsistentRead=True
        )
        return Row.of(found["Item"]) if "Item" in found else None

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
