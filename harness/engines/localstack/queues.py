"""Looking into a queue without touching it, through LocalStack's developer endpoint.

https://docs.localstack.cloud/aws/services/sqs/ (developer endpoints): listing has no side effects; neither
receive counts nor visibility change.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, StackLostError

_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class PeekedMessage:
    """One message as it lies in the queue.

    :param is_visible: False while a receiver has it
    :param sent_at: epoch seconds
    """

    message_id: str
    body: str
    receive_count: int
    is_visible: bool
    sent_at: float


def peek(engine: EngineInfo, queue_url: str) -> list[PeekedMessage]:
    """Return all messages of a queue: visible ones, those in a receiver's hands, and delayed ones.

    :raises AwsError: no such queue
    :raises StackLostError: the engine does not answer
    """
    query = urllib.parse.urlencode({"QueueUrl": queue_url, "ShowInvisible": "true", "ShowDelayed": "true"})
    answer = _get(f"{engine.endpoint_url}/_aws/sqs/messages?{query}", _credentials(engine))
    found = answer.get("ReceiveMessageResponse", answer).get("ReceiveMessageResult", answer) or {}
    messages = found.get("Message", found.get("Messages")) or []
    return [_message(item) for item in (messages if isinstance(messages, list) else [messages])]


def _credentials(engine: EngineInfo) -> dict[str, str]:
    """Return the header from which LocalStack reads the region where the queue URL does not tell it."""
    scope = f"{engine.access_key_id}/20000101/{engine.region}/sqs/aws4_request"
    return {"Accept": "application/json", "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}"}


def _get(url: str, headers: dict[str, str]) -> dict[str, Any]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  (the engine's own http address)
    try:
        with opener.open(request, timeout=_TIMEOUT_S) as answer:
            content: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as exc:
        text = exc.read().decode(errors="replace")
        raise AwsError(f"listing a queue: {text}", code=f"HTTP{exc.code}") from exc
    except (OSError, http.client.HTTPException) as exc:
        raise StackLostError(f"listing a queue: the engine does not answer ({exc})") from exc
    return content


def _message(item: dict[str, Any]) -> PeekedMessage:
    attributes = item["Attributes"]
    return PeekedMessage(
        message_id=item["MessageId"],
        body=item["Body"],
        receive_count=int(attributes.get("ApproximateReceiveCount", 0)),
        is_visible=attributes.get("IsVisible", "true") == "true",
        sent_at=int(attributes["SentTimestamp"]) / 1000,
    )
