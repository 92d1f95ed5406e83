"""Looking into a queue without touching it, through MiniStack's endpoint for that.

It changes neither receive counts nor visibility; its times are whole seconds.
https://github.com/ministackorg/ministack (SQS messages endpoint)
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, StackLostError

PATH = "/_ministack/sqs/messages"
_TIMEOUT_S = 30.0
_NO_QUEUE = "QueueDoesNotExist"


def peek(engine: EngineInfo, queue_url: str) -> list[dict[str, Any]]:
    """Return all messages of a queue: visible ones, those in a receiver's hands, and delayed ones.

    They have the shape of ReceiveMessage's answer, with all attributes; `Attributes.IsVisible` is added.

    :raises AwsError: no such queue
    :raises StackLostError: the engine does not answer
    """
    query = {"QueueUrl": queue_url, "account": engine.account_id, "region": engine.region}
    url = f"{engine.endpoint_url}{PATH}?{urllib.parse.urlencode(query)}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_TIMEOUT_S) as answer:
            content = json.load(answer)
    except (OSError, http.client.HTTPException, ValueError) as exc:
        raise StackLostError(f"listing a queue: the engine does not answer ({exc})") from exc
    queues = content["messages"].get(engine.account_id, {}).get(engine.region, {})
    if queue_url not in queues:
        raise AwsError(f"listing a queue: there is no queue {queue_url}", code=_NO_QUEUE)
    return [as_received(message) for message in queues[queue_url]]


def as_received(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message of MiniStack's endpoint in the shape of ReceiveMessage's answer."""
    attributes = {
        "SentTimestamp": str(message["SentTimestamp"] * 1000),
        "ApproximateReceiveCount": str(message["ReceiveCount"]),
        "IsVisible": str(message["IsVisible"]).lower(),
        **message["Attributes"],
        **{name: message[name] for name in ("MessageGroupId", "MessageDeduplicationId", "SequenceNumber")},
    }
    if message["FirstReceiveTimestamp"] is not None:
        attributes["ApproximateFirstReceiveTimestamp"] = str(message["FirstReceiveTimestamp"] * 1000)
    return {
        "MessageId": message["MessageId"],
        "Body": message["Body"],
        "MD5OfBody": message["MD5OfBody"],
        "MessageAttributes": message["MessageAttributes"],
        "Attributes": {name: value for name, value in attributes.items() if value is not None},
    }
