"""An identity provider that lets alice in, to a home that tells by which protocol she came."""

import json
import os
from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    if event["username"] != "alice" or event.get("password") != os.environ["PASSWORD"]:
        return {}
    target = f"/{os.environ['BUCKET']}/{event['protocol']}/${{transfer:UserName}}"
    return {
        "Role": "arn:aws:iam::000000000000:role/transfer",
        "HomeDirectoryType": "LOGICAL",
        "HomeDirectoryDetails": json.dumps([{"Entry": "/", "Target": target}]),
    }
