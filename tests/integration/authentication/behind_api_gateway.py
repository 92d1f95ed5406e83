"""The Lambda function of `test_real_api_gateway.py`, behind a proxy: reads path, query and headers."""

from __future__ import annotations

import base64
import json
from typing import Any

PASSWORD = "p\u00e4ss word"


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in event["headers"].items()}
    password = base64.b64decode(headers.get("passwordbase64", "")).decode()
    if password != PASSWORD or event["queryStringParameters"]["protocol"] != "SFTP":
        return {"statusCode": 200, "body": "{}"}
    answer = {
        "Role": "arn:aws:iam::000000000000:role/transfer",
        "HomeDirectory": f"/{event['pathParameters']['serverId']}/{event['pathParameters']['username']}",
    }
    return {"statusCode": 200, "body": json.dumps(answer)}
