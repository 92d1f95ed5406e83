"""Dead letters can be moved back: StartMessageMoveTask and its two companions, which MiniStack 1.5.33 lacks.

A message that is moved is a new one: another id, a new time, and no receives. Moves are done at once or, with
a rate, by a thread; like AWS, one at a time for a queue.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
"""

from __future__ import annotations

import contextvars
import json
import threading
import time
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from floodgate_ministack.sqs_messages import Queue

DEFAULT_PER_S = 500
"""As many as AWS lets a caller ask for; what it chooses by itself it does not tell."""
_RESULTS = 10


@dataclass
class Move:
    """One task."""

    source_arn: str
    destination_arn: str | None
    per_s: int
    handle: str
    messages: int
    started_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    moved: int = 0
    status: str = "RUNNING"
    failure: str | None = None

    def told(self) -> dict[str, Any]:
        """Return it as ListMessageMoveTasks does; a handle only as long as it runs."""
        return {
            **({"TaskHandle": self.handle} if self.status == "RUNNING" else {}),
            **({"DestinationArn": self.destination_arn} if self.destination_arn else {}),
            **({"FailureReason": self.failure} if self.failure else {}),
            "SourceArn": self.source_arn,
            "Status": self.status,
            "MaxNumberOfMessagesPerSecond": self.per_s,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.messages,
            "StartedTimestamp": self.started_ms,
        }


class Moves:
    """The three operations, on MiniStack's queues.

    :param sqs: MiniStack's module
    """

    def __init__(self, sqs: Any) -> None:
        self._sqs = sqs
        self._tasks: list[Move] = []

    def start(self, data: dict[str, Any], _url: str) -> dict[str, Any]:
        """StartMessageMoveTask."""
        arn, destination = str(data.get("SourceArn", "")), data.get("DestinationArn")
        per_s = int(data.get("MaxNumberOfMessagesPerSecond") or DEFAULT_PER_S)
        with self._sqs._queues_lock:
            self._refuse(arn, destination)
            messages = len(self._queue(arn)["messages"])
            task = Move(arn, destination, per_s, str(self._sqs.new_uuid()), messages)
            self._tasks.append(task)
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._work, task), daemon=True).start()
        return {"TaskHandle": task.handle}

    def _refuse(self, arn: str, destination: str | None) -> None:
        """Raise what AWS answers where a move cannot begin."""
        self._queue(arn)
        if any(task.source_arn == arn and task.status == "RUNNING" for task in self._tasks):
            raise self._sqs._Err(
                "UnsupportedOperation",
                "There is already a task running. Only one active task is allowed for a source queue arn.",
            )
        if not self._redrives_from(arn):
            raise self._sqs._Err(
                "InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue."
            )
        if destination is not None:
            self._queue(destination)

    def cancel(self, data: dict[str, Any], _url: str) -> dict[str, Any]:
        """CancelMessageMoveTask."""
        for task in self._tasks:
            if task.handle == data.get("TaskHandle") and task.status == "RUNNING":
                task.status = "CANCELLED"
                return {"ApproximateNumberOfMessagesMoved": task.moved}
        raise self._sqs._Err("ResourceNotFoundException", "No task of that handle runs.")

    def told(self, data: dict[str, Any], _url: str) -> dict[str, Any]:
        """ListMessageMoveTasks: the latest first."""
        arn = str(data.get("SourceArn", ""))
        self._queue(arn)
        found = [task.told() for task in reversed(self._tasks) if task.source_arn == arn]
        return {"Results": found[: min(int(data.get("MaxResults") or 1), _RESULTS)]}

    def sources_of(self, data: dict[str, Any], url: str) -> dict[str, Any]:
        """ListDeadLetterSourceQueues."""
        queue = self._sqs._get_q(data.get("QueueUrl") or url)
        return {"queueUrls": [each["url"] for each in self._redrives_from(queue["attributes"]["QueueArn"])]}

    def _work(self, task: Move) -> None:
        while task.status == "RUNNING":
            try:
                moved = self._move_one(task)
            except self._sqs._Err as exc:  # a queue is gone
                task.status, task.failure = "FAILED", exc.code
                return
            if not moved:
                task.status = "COMPLETED"
                return
            task.moved += 1
            time.sleep(1 / task.per_s)

    def _move_one(self, task: Move) -> bool:
        """Move the oldest message that nobody has in hands; False where there is none."""
        queue, now = self._queue(task.source_arn), time.time()
        with self._sqs._queues_lock:
            message = next((each for each in queue["messages"] if each["visible_at"] <= now), None)
            if message is None:
                return False
            target = self._queue(task.destination_arn or self._origin(task, message))
            queue.take_out(lambda each: each is message, 1)
            target["messages"].append(self._anew(message, now))
        self._sqs.esm_wake.set()
        return True

    def _origin(self, task: Move, message: dict[str, Any]) -> str:
        """Return where a message came from; for one that was sent here, a queue that redrives here."""
        known = message.get("sys", {}).get("DeadLetterQueueSourceArn")
        if known is None:
            known = next(
                (each["attributes"]["QueueArn"] for each in self._redrives_from(task.source_arn)), None
            )
        return str(known)

    def _anew(self, message: dict[str, Any], now: float) -> dict[str, Any]:
        """Return a message as it is when it has just been sent."""
        kept = {name: value for name, value in message.get("sys", {}).items() if name == "AWSTraceHeader"}
        fresh = {"id": self._sqs.new_uuid(), "receipt_handle": None, "receive_count": 0, "sys": kept}
        times = {"sent_at": now, "visible_at": now, "first_receive_at": None}
        return {**message, **fresh, **times, **({"enqueued_at": now} if "enqueued_at" in message else {})}

    def _queue(self, arn: str) -> Queue:
        queue: Queue | None = self._sqs._queue_by_arn(arn)
        if queue is None:
            raise self._sqs._Err("ResourceNotFoundException", f"There is no queue {arn}.")
        return queue

    def _redrives_from(self, arn: str) -> list[dict[str, Any]]:
        """Return the queues whose dead letters go to `arn`."""
        return [each for _, each in self._sqs._queues.all_items() if dead_letters_of(each) == arn]


def apply() -> None:
    """Add the operations to MiniStack's."""
    sqs: Any = import_module("ministack.services.sqs")
    moves = Moves(sqs)
    sqs._HANDLERS.update(
        StartMessageMoveTask=moves.start,
        CancelMessageMoveTask=moves.cancel,
        ListMessageMoveTasks=moves.told,
        ListDeadLetterSourceQueues=moves.sources_of,
    )


def dead_letters_of(queue: dict[str, Any]) -> str | None:
    """Return the ARN of the queue that takes a queue's dead letters, if there is one."""
    policy = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
    target: str | None = policy.get("deadLetterTargetArn")
    return target
