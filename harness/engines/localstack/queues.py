"""Looking into a queue without touching it, through LocalStack's developer endpoint.

https://docs.localstack.cloud/aws/services/sqs/ (developer endpoints): listing has no side effects; neither
receive counts nor visibility change.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, StackLostError

_TIMEOUT_S = 30.0


def peek(engine: EngineInfo, queue_url: str) -> list[dict[str, Any]]:
    """Return all messages of a queue: visible ones, those in a receiver's hands, and delayed ones.

    They have the shape of ReceiveMessage's answer, with all attributes; `Attributes.IsVisible` is added.

    :raises AwsError: no such queue
    :raises StackLostError: the engine does not answer
    """
    # As a call of AWS's JSON protocol: the answer then has the SDK's shape and not that of the XML protocol.
    request = urllib.request.Request(  # noqa: S310  (the engine's own http address)
        f"{engine.endpoint_url}/_aws/sqs/messages?ShowInvisible=true&ShowDelayed=true",
        data=json.dumps({"QueueUrl": queue_url}).encode(),
        headers=_headers(engine),
    )
    messages: list[dict[str, Any]] = _answer_to(request).get("Messages") or []
    return messages


def _headers(engine: EngineInfo) -> dict[str, str]:
    """Return headers with the region, which LocalStack reads from a signature's scope."""
    scope = f"{engine.access_key_id}/20000101/{engine.region}/sqs/aws4_request"
    return {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "AmazonSQS.ReceiveMessage",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}",
    }


def _answer_to(request: urllib.request.Request) -> dict[str, Any]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_TIMEOUT_S) as answer:
            content: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as exc:
        text = exc.read().decode(errors="replace")
        raise AwsError(f"listing a queue: {text}", code=_error_code(text)) from exc
    except (OSError, http.client.HTTPException) as exc:
        raise StackLostError(f"listing a queue: the engine does not answer ({exc})") from exc
    return content


def _error_code(text: str) -> str:
    """Return AWS's error code from the body of an answer in the JSON protocol."""
    try:
        return str(json.loads(text)["__type"]).rpartition("#")[2]
    except (ValueError, KeyError, TypeError):
        return "Unknown"
