"""Builders of what the worker receives."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

_EVENTS = Path(__file__).parents[2] / "events"


def load(name: str) -> dict[str, Any]:
    """Return a recorded event of `tests/events/`."""
    event: dict[str, Any] = json.loads((_EVENTS / f"{name}.json").read_text())
    return event


def object_created(**found: Any) -> dict[str, Any]:
    """Return the recorded event with other values in `detail.object`; `None` removes one."""
    event = copy.deepcopy(load("object_created"))
    about = event["detail"]["object"]
    about.update({name.replace("_", "-"): value for name, value in found.items()})
    for name in [name for name, value in about.items() if value is None]:
        del about[name]
    return event


def sqs_record(
    body: Any, *, message_id: str = "m-1", receive_count: int = 1, group: str | None = None
) -> dict[str, Any]:
    """Return one record of an SQS batch, as Lambda hands it to the handler; with a group, of a FIFO queue."""
    fifo = {"MessageGroupId": group, "SequenceNumber": "18849496460467696128"} if group else {}
    return {
        "messageId": message_id,
        "receiptHandle": f"receipt of {message_id}",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {
            "ApproximateReceiveCount": str(receive_count),
            "SentTimestamp": "1795377923123",
            "ApproximateFirstReceiveTimestamp": "1795377923456",
            "SenderId": "AIDAEXAMPLE",
            **fifo,
        },
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:work",
        "awsRegion": "us-east-1",
    }
