"""The events that go through a Pipe: SQS messages as AWS shows them, with their bodies parsed where asked.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def record_of(message: Mapping[str, Any], *, queue_arn: str, region: str) -> dict[str, Any]:
    """Return a received message as the record that enrichment and target are given."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    names = {"StringValue": "stringValue", "BinaryValue": "binaryValue", "DataType": "dataType"}
    return {names[name]: part for name, part in value.items() if name in names}


def with_parsed_body(event: Any) -> Any:
    """Return the event with a `body` that holds JSON as that JSON: filters and paths reach into it.

    Text that is no JSON object or list stays as it is. This is AWS's implicit body data parsing:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html#input-transform-implicit
    """
    if not isinstance(event, dict) or not isinstance(event.get("body"), str):
        return event
    try:
        body = json.loads(event["body"])
    except ValueError:
        return event
    return {**event, "body": body} if isinstance(body, dict | list) else event
