"""Bringing dead letters back: the row of the file from `failed` to `queued`, then its message.

In this order, so that a worker never finds a row that says `failed`. A stop in between leaves a row that says
`queued` and its message still among the dead letters: redriving it again does the rest.

What has arrived of a broken upload has failed for good: its row stays, and its message, brought back, does
nothing. A notice of such an upload that was not handled goes to the quarantine again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness import aws, clock
from harness.aws import translated
from harness.deadletters.letters import DeadLetter, Selection, file_id_of, read
from harness.deadletters.moving import Message, Pace, chosen, move_all, send_again
from harness.deadletters.sources import EVENTS, DeadLetterQueue, dead_letter_queues
from harness.exceptions import AwsError
from harness.measure import queues
from harness.measure.rows import FAILED
from harness.stack.description import StackDescription

_REFUSED = "ConditionalCheckFailedException"
_NAMES = ("status", "updated_at", "attempts", "redrives", "expires_at", "failed_at", "quarantined_at")


@dataclass
class Redriven:
    """What was brought back."""

    messages: int = 0
    rows: int = 0
    """Rows that went from `failed` to `queued`; others had not failed for good, or do not exist."""
    file_ids: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    """Keys that were chosen and not reached: behind another message of their group in a FIFO queue, or
    without a queue to go back to."""


def redrive(
    description: StackDescription,
    selection: Selection,
    *,
    per_s: float | None = None,
    on_moved: Callable[[str], None] = lambda _: None,
) -> Redriven:
    """Bring dead letters back; safe to stop and to repeat.

    :param per_s: at most so many messages a second
    :param on_moved: told the key of each message that went back by itself
    :raises StackLostError: the engine does not answer
    :raises AwsError: a queue or the table refuses
    """
    done = Redriven()
    letters = [letter for letter in read(description) if selection.includes(letter.key, letter.file_id)]
    work = _Redrive(description, selection, per_s, on_moved, done)
    for queue in dead_letter_queues(description.queues):
        if meant := [letter for letter in letters if letter.queue == queue.role]:
            work.queue(queue, meant)
    return done


class _Redrive:
    """One call of `redrive`."""

    def __init__(
        self,
        description: StackDescription,
        selection: Selection,
        per_s: float | None,
        on_moved: Callable[[str], None],
        done: Redriven,
    ) -> None:
        self._description = description
        self._selection = selection
        self._per_s = per_s
        self._on_moved = on_moved
        self._done = done
        self._sqs = aws.client("sqs", description.engine)
        self._dynamodb = aws.client("dynamodb", description.engine)
        self._quarantine = description.functions.get("quarantine")

    def queue(self, queue: DeadLetterQueue, meant: Sequence[DeadLetter]) -> None:
        if queue.back_to is None and not (self._quarantine and queue.role == EVENTS):
            self._done.stuck += [letter.key or letter.message_id for letter in meant]
        elif self._selection.is_all and not queue.is_fifo and queue.has_source:
            self._whole(queue, meant)
        else:
            self._one_by_one(queue, meant)

    def _whole(self, queue: DeadLetterQueue, meant: Sequence[DeadLetter]) -> None:
        for letter in meant:
            self._requeue(letter.file_id)
        self._done.messages += move_all(self._sqs, queue, self._per_s)
        self._done.file_ids += [letter.file_id for letter in meant if letter.file_id]

    def _one_by_one(self, queue: DeadLetterQueue, meant: Sequence[DeadLetter]) -> None:
        left = {letter.message_id: letter for letter in meant}
        pace = Pace(self._per_s)

        def can_go(message: Message) -> bool:
            has_way = self._quarantine if queues.read(message).notice else queue.back_to
            return message["MessageId"] in left and has_way is not None

        with chosen(self._sqs, queue.url, can_go) as messages:
            for message in messages:
                pace.wait()
                self._bring_back(queue, message)
                del left[message["MessageId"]]
        self._done.stuck += [letter.key or letter.message_id for letter in left.values()]

    def _bring_back(self, queue: DeadLetterQueue, message: Message) -> None:
        about = queues.read(message)
        if about.notice:
            self._tell_again(queue, message, about.notice)
            return
        file_id = file_id_of(self._description, about)
        self._requeue(file_id)
        send_again(self._sqs, message, queue, group=(about.key or "").partition("/")[0] or "none")
        self._done.messages += 1
        if file_id:
            self._done.file_ids.append(file_id)
        self._on_moved(about.key or message["MessageId"])

    def _tell_again(self, queue: DeadLetterQueue, message: Message, notice: str) -> None:
        """Hand a notice of a broken upload to the quarantine once more, which is safe to repeat."""
        lambda_ = aws.client("lambda", self._description.engine)
        with translated("telling the quarantine of a broken upload"):
            lambda_.invoke(FunctionName=self._quarantine, InvocationType="Event", Payload=notice.encode())
        with translated("deleting a notice that was handed on"):
            self._sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
        self._done.messages += 1
        self._on_moved(json.loads(notice)["detail"].get("file-path", message["MessageId"]))

    def _requeue(self, file_id: str | None) -> None:
        if (
            file_id
            and self._description.table
            and requeue_row(self._dynamodb, self._description.table, file_id)
        ):
            self._done.rows += 1


def requeue_row(dynamodb: Any, table: str, file_id: str) -> bool:
    """Give a failed file all its attempts again; return whether its row said `failed`.

    The change is the pipeline's own (`pipeline/records`, `requeue`), which the harness must not import; a
    test holds the two together.

    :raises AwsError: the table refuses for another reason
    """
    try:
        with translated("putting a row back to queued"):
            dynamodb.update_item(
                TableName=table,
                Key={"file_id": {"S": file_id}},
                # What has arrived of a broken upload is failed for good.
                ConditionExpression="#status = :failed AND attribute_not_exists(#quarantined_at)",
                UpdateExpression=(
                    "SET #status = :queued, #updated_at = :now, #attempts = :none ADD #redrives :one "
                    "REMOVE #expires_at, #failed_at"
                ),
                ExpressionAttributeNames={f"#{name}": name for name in _NAMES},
                ExpressionAttributeValues={
                    ":failed": {"S": FAILED},
                    ":queued": {"S": "queued"},
                    ":now": {"S": clock.to_iso(clock.now())},
                    ":none": {"N": "0"},
                    ":one": {"N": "1"},
                },
            )
    except AwsError as exc:
        if exc.code != _REFUSED:
            raise
        return False
    return True
