"""Rows of the metadata table: one for each upload, whose status never goes backwards.

A row is put by a PartiQL `INSERT`, which fails for a row that exists, so that one `BatchExecuteStatement`
writes a whole batch. Only a row that exists already costs a call of its own: `failed` may become anything,
`transferred` and `superseded` are final.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.common import identity
from pipeline.common.events import Delivery, Upload

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import BatchStatementRequestTypeDef

TRANSFERRED = "transferred"
FAILED = "failed"
SUPERSEDED = "superseded"

_MAX_STATEMENTS = (
    25  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
)
_MAX_MESSAGE_CHARACTERS = 1000


class RowNotWrittenError(Exception):
    """DynamoDB refused a row."""


@dataclass(frozen=True)
class Outcome:
    """How one attempt at an upload ended."""

    upload: Upload
    delivery: Delivery
    status: str
    handler_started_at: str
    transfer_timestamp: str | None = None
    destination_version_id: str | None = None
    error_type: str | None = None
    error_message: str | None = None


@dataclass(frozen=True)
class MetadataTable:
    """The table, and the destination bucket that its rows name."""

    dynamodb: DynamoDBClient
    table_name: str
    destination_bucket: str

    def write(self, outcomes: Sequence[Outcome], ended_at: str) -> dict[str, Exception]:
        """Write one row each; return, by `file_id`, why rows could not be written.

        :param ended_at: when handling ended, which is now
        """
        errors: dict[str, Exception] = {}
        for start in range(0, len(outcomes), _MAX_STATEMENTS):
            errors |= self._write_chunk(outcomes[start : start + _MAX_STATEMENTS], ended_at)
        return errors

    def _write_chunk(self, outcomes: Sequence[Outcome], ended_at: str) -> dict[str, Exception]:
        rows = [self._row(outcome, ended_at) for outcome in outcomes]
        try:
            answers = self.dynamodb.batch_execute_statement(Statements=[self._insert(row) for row in rows])
        except (ClientError, BotoCoreError) as exc:
            return {outcome.upload.file_id: exc for outcome in outcomes}
        errors: dict[str, Exception] = {}
        for row, answer in zip(rows, answers["Responses"], strict=True):
            if error := answer.get("Error"):
                errors |= self._settle(row, error.get("Code", ""), error.get("Message", ""))
        return errors

    def _settle(self, row: dict[str, Any], code: str, message: str) -> dict[str, Exception]:
        file_id = row["file_id"]["S"]
        if code != "DuplicateItem":
            return {file_id: RowNotWrittenError(f"{code}: {message}")}
        try:
            self._update_failed(row)
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ConditionalCheckFailedException":
                return {file_id: exc}
        except BotoCoreError as exc:
            return {file_id: exc}
        return {}

    def _insert(self, row: dict[str, Any]) -> BatchStatementRequestTypeDef:
        return {"Statement": _insert_text(self.table_name, tuple(row)), "Parameters": list(row.values())}

    def _update_failed(self, row: dict[str, Any]) -> None:
        """Write over a row that says `failed`; any other row stays as it is."""
        columns = [name for name in row if name not in ("file_id", "attempts")]
        gone = [name for name in ("error_type", "error_message") if name not in row]
        self.dynamodb.update_item(
            TableName=self.table_name,
            Key={"file_id": row["file_id"]},
            ConditionExpression="#status = :failed",
            UpdateExpression="SET "
            + ", ".join(f"#{name} = :{name}" for name in columns)
            + (" REMOVE " + ", ".join(f"#{name}" for name in gone) if gone else "")
            + " ADD #attempts :one",
            ExpressionAttributeNames={f"#{name}": name for name in [*columns, *gone, "attempts"]},
            ExpressionAttributeValues={
                **{f":{name}": row[name] for name in columns},
                ":failed": {"S": FAILED},
                ":one": {"N": "1"},
            },
        )

    def _row(self, outcome: Outcome, ended_at: str) -> dict[str, Any]:
        return dict(self._columns(outcome, ended_at))

    def _columns(self, outcome: Outcome, ended_at: str) -> Iterator[tuple[str, dict[str, str]]]:
        upload, delivery = outcome.upload, outcome.delivery
        texts = {
            "file_id": upload.file_id,
            "source_bucket": upload.bucket,
            "destination_bucket": self.destination_bucket,
            "key": upload.key,
            "customer_id": identity.customer_id(upload.key),
            "version_id": upload.version_id,
            "etag": upload.etag,
            "upload_timestamp": upload.uploaded_at,
            "queued_at": delivery.queued_at,
            "first_received_at": delivery.first_received_at,
            "handler_started_at": outcome.handler_started_at,
            "handler_ended_at": ended_at,
            "status": outcome.status,
            "transfer_timestamp": outcome.transfer_timestamp,
            "destination_version_id": outcome.destination_version_id,
            "error_type": outcome.error_type,
            "error_message": outcome.error_message and outcome.error_message[:_MAX_MESSAGE_CHARACTERS],
        }
        yield from ((name, {"S": text}) for name, text in texts.items() if text)
        numbers = {"size_bytes": upload.size_bytes, "receive_count": delivery.receive_count, "attempts": 1}
        yield from ((name, {"N": str(number)}) for name, number in numbers.items())


@cache
def _insert_text(table_name: str, columns: tuple[str, ...]) -> str:
    """Only few combinations of columns occur, so the texts are kept."""
    values = ", ".join(f"'{name}': ?" for name in columns)
    return f'INSERT INTO "{table_name}" VALUE {{{values}}}'
