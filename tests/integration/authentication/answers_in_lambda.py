"""The Lambda function of `test_function.py`: what it answers is in the name of the user who asks."""

from __future__ import annotations

import json
import os
import time
from typing import Any

ROLE = "arn:aws:iam::000000000000:role/transfer"
HOME = {
    "HomeDirectoryType": "LOGICAL",
    "HomeDirectoryDetails": json.dumps([{"Entry": "/", "Target": "/bucket/x"}]),
}
PASSWORD = "open sesame"


def handler(event: dict[str, Any], context: object) -> Any:
    name = event["username"]
    answer = {"Role": ROLE, **HOME}
    if name == "echo":
        return {**answer, "Policy": json.dumps(event)}
    if name == "no-role":
        return {"PublicKeys": []} if "password" not in event else {}
    if name == "empty-role":
        return {**answer, "Role": ""}
    if name == "keys-too":
        return {**answer, "PublicKeys": ["ssh-ed25519 AAAA"]}
    if name == "bad-policy":
        return {**answer, "Policy": "{not-json"}
    if name == "odd-policy":
        return {**answer, "Policy": '{"Statement": "nonsense"}'}
    if name == "nothing":
        return None
    if name == "text":
        return "welcome"
    if name == "raises":
        raise RuntimeError(f"the directory is down, asked about {event}")
    if name == "slow":
        time.sleep(3)
        return answer
    if event.get("password", "") == "":
        return {**answer, "PublicKeys": [os.environ["PUBLIC_KEY"]]}
    return answer if event["password"] == PASSWORD else {}
