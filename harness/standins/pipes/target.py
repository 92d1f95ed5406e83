"""The targets of a Pipe.

An SQS queue gets one message for each event. A state machine has no batch call and takes a whole payload: one
execution gets the list of all events of the batch, also a list of one.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.aws import client, translated
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, UsageError
from harness.standins.pipes.definition import MAX_SQS_TARGET_BATCH, Pipe
from harness.standins.pipes.enrichment import as_list
from harness.standins.pipes.events import with_parsed_body
from harness.standins.pipes.paths import MISSING, JsonPath

TOO_MANY = "BatchTooLarge"


@dataclass(frozen=True)
class Refused:
    """An event that the target did not take."""

    index: int
    """Its place among the events that were sent."""
    reason: str


class Target(Protocol):
    """Where a pipe leads."""

    def send(self, events: Sequence[Any]) -> list[Refused]:
        """Send events; return those that were refused.

        :raises AwsError: none was taken
        :raises StackLostError: the engine does not answer
        """


def target_of(pipe: Pipe, engine: EngineInfo) -> Target:
    """Return the target that a pipe names."""
    return QueueTarget(pipe, engine) if pipe.target_kind == "sqs" else StateMachineTarget(pipe, engine)


class QueueTarget:
    """Sends with SendMessageBatch."""

    def __init__(self, pipe: Pipe, engine: EngineInfo) -> None:
        self._pipe = pipe
        self._sqs = client("sqs", engine)
        with translated(f"looking for the target queue of {pipe.name}"):
            name = pipe.target_arn.rpartition(":")[2]
            self._url: str = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def send(self, events: Sequence[Any]) -> list[Refused]:
        if len(events) > MAX_SQS_TARGET_BATCH:
            raise AwsError(f"the enrichment made {len(events)} events; SQS takes 10", code=TOO_MANY)
        entries = [self._entry(number, event) for number, event in enumerate(events)]
        with translated("sending to the target queue"):
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
        return [
            Refused(int(failed["Id"]), f"{failed['Code']}: {failed.get('Message', '')}")
            for failed in answer.get("Failed", [])
        ]

    def _entry(self, number: int, event: Any) -> dict[str, str]:
        template = self._pipe.target_template
        entry = {"Id": str(number), "MessageBody": template.render(event) if template else json.dumps(event)}
        parameters = {
            "MessageGroupId": self._pipe.group_id,
            "MessageDeduplicationId": self._pipe.deduplication_id,
        }
        return entry | {name: _resolve(value, event) for name, value in parameters.items() if value}


def _resolve(value: JsonPath | str, event: Any) -> str:
    """Paths look at the event as it comes from the enrichment, before the target's template."""
    if isinstance(value, str):
        return value
    found = value.find(with_parsed_body(event))
    if found is MISSING:
        raise UsageError(f"the event has nothing at {value.text}")
    return found if isinstance(found, str) else json.dumps(found)


class StateMachineTarget:
    """Starts one execution for each batch and does not wait for it (FIRE_AND_FORGET).

    A pipe has no parameter for the execution's name, so AWS gives each one a new name: a batch that is sent
    twice is two executions.
    https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeTargetStateMachineParameters.html
    """

    def __init__(self, pipe: Pipe, engine: EngineInfo) -> None:
        self._pipe = pipe
        self._states = client("stepfunctions", engine)

    def send(self, events: Sequence[Any]) -> list[Refused]:
        with translated("starting an execution"):
            self._states.start_execution(stateMachineArn=self._pipe.target_arn, input=self._input(events))
        return []

    def _input(self, events: Sequence[Any]) -> str:
        template = self._pipe.target_template
        if template is None:
            return json.dumps(list(events))
        return as_list([template.render(event) for event in events])
