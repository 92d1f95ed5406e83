"""The source of a Pipe: batches of messages from an SQS queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from harness.aws import client, translated
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError
from harness.standins.pipes.definition import Pipe
from harness.standins.pipes.events import record_of

MAX_RECEIVE = 10
"""Messages of one ReceiveMessage or DeleteMessageBatch."""
_WAIT_S = 1
"""Long polling; short, because a message that is handed to a poller that stops stays hidden for long."""
_PIPE_TIMEOUT_S = 450
"""With a batch window, AWS hides messages for about 7.5 minutes plus the window.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
"""

Record = dict[str, Any]


class QueueSource:
    """Receives and deletes. Used by several threads."""

    def __init__(self, pipe: Pipe, engine: EngineInfo) -> None:
        self._pipe = pipe
        self._region = engine.region
        self._sqs = client("sqs", engine)
        with translated(f"looking for the source queue of {pipe.name}"):
            name = pipe.source_arn.rpartition(":")[2]
            self._url: str = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def receive(self, stopping: Callable[[], bool]) -> list[Record]:
        """Return the next batch, empty when nothing came for about a second.

        With a batch window the batch is filled until it is full or the window is over.

        :raises AwsError: SQS refused
        :raises StackLostError: the engine does not answer
        """
        records = self._receive(self._pipe.batch_size)
        if not records or not self._pipe.batch_window_s:
            return records
        deadline = time.monotonic() + self._pipe.batch_window_s
        while len(records) < self._pipe.batch_size and time.monotonic() < deadline and not stopping():
            records += self._receive(self._pipe.batch_size - len(records))
        return records

    def delete(self, records: Sequence[Record]) -> None:
        """Take messages that are done out of the queue.

        :raises AwsError: SQS refused one; it comes again
        """
        for start in range(0, len(records), MAX_RECEIVE):
            self._delete(records[start : start + MAX_RECEIVE])

    def _receive(self, most: int) -> list[Record]:
        hidden = {"VisibilityTimeout": _PIPE_TIMEOUT_S + self._pipe.batch_window_s}
        with translated("receiving from the source queue"):
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(most, MAX_RECEIVE),
                WaitTimeSeconds=_WAIT_S,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
                **(hidden if self._pipe.batch_window_s else {}),
            )
        return [
            record_of(message, queue_arn=self._pipe.source_arn, region=self._region)
            for message in answer.get("Messages", [])
        ]

    def _delete(self, records: Sequence[Record]) -> None:
        entries = [
            {"Id": str(number), "ReceiptHandle": record["receiptHandle"]}
            for number, record in enumerate(records)
        ]
        with translated("deleting from the source queue"):
            answer = self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)
        if failed := answer.get("Failed"):
            raise AwsError(
                f"{len(failed)} of {len(entries)} messages could not be deleted: {failed[0].get('Message')}",
                code=failed[0]["Code"],
            )
