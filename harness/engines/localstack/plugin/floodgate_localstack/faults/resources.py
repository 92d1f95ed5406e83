"""The name of what a call is about. Imports nothing of LocalStack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMING = (
    "TableName",
    "QueueUrl",
    "FunctionName",
    "stateMachineArn",
    "TopicArn",
    "TargetArn",
    "EventBusName",
    "logGroupName",
)
"""Parameters that name a resource of a service other than S3."""


def resource_of(service: str, request: Mapping[str, Any]) -> str:
    """Return `bucket/key` or `bucket` in S3, elsewhere a name without account and Region; "" for none."""
    if service == "s3":
        bucket, key = request.get("Bucket") or "", request.get("Key")
        return f"{bucket}/{key}" if key is not None else str(bucket)
    for parameter in _NAMING:
        if value := request.get(parameter):
            return str(value).rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    return ""
