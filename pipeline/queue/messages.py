"""SQS messages, ten at a time: received as Lambda would hand them over, deleted, hidden and shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

MAX_MESSAGES = 10
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html"""
_DELETE_TRIES = 3

logger = Logger(child=True)


def receive(sqs: SQSClient, queue_url: str, wait_s: int) -> list[dict[str, Any]]:
    """Return up to ten messages as records of a Lambda event; waits for the first."""
    answer = sqs.receive_message(
        QueueUrl=queue_url,
        MaxNumberOfMessages=MAX_MESSAGES,
        WaitTimeSeconds=wait_s,
        MessageSystemAttributeNames=["All"],
    )
    return [_record(message) for message in answer.get("Messages", [])]


def _record(message: Any) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
    }


def delete(sqs: SQSClient, queue_url: str, receipt_handles: Sequence[str]) -> None:
    """Delete messages; those that SQS could not delete are tried again.

    What stays undeleted comes again and is found done, so it is only logged.
    """
    for handles in _tens(receipt_handles):
        for _ in range(_DELETE_TRIES):
            answer = sqs.delete_message_batch(
                QueueUrl=queue_url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)
                ],
            )
            refused = answer.get("Failed", [])
            if refused:
                logger.warning("Messages not deleted", extra={"refused": refused})
            handles = [handles[int(entry["Id"])] for entry in refused if not entry["SenderFault"]]
            if not handles:
                break


def hide(sqs: SQSClient, queue_url: str, receipt_handles: Sequence[str], timeout_s: int) -> None:
    """Keep messages hidden from now on for `timeout_s`; 0 gives them back."""
    for handles in _tens(receipt_handles):
        answer = sqs.change_message_visibility_batch(
            QueueUrl=queue_url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": timeout_s}
                for number, handle in enumerate(handles)
            ],
        )
        if refused := answer.get("Failed"):
            logger.warning("Visibility not changed", extra={"refused": refused})


def _tens(handles: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(handles), MAX_MESSAGES):
        yield handles[start : start + MAX_MESSAGES]
