"""Copies each upload to the same key of the other bucket."""

import os
from typing import Any

import boto3

s3: Any = boto3.client("s3", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))


def handler(event: dict[str, Any], context: object) -> str:
    """Take one `Object Created` event."""
    detail = event["detail"]
    key = detail["object"]["key"]
    source = {"Bucket": detail["bucket"]["name"], "Key": key}
    s3.copy_object(Bucket=os.environ["DELIVERED"], Key=key, CopySource=source)
    return os.environ["GREETING"]
