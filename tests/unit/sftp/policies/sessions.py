"""Who logs in where, on what clock, and statements of policies."""

from __future__ import annotations

from typing import Any

from harness.sftp.identity import User
from harness.sftp.policies.variables import Server
from tests.unit.sftp.policies.sources import ROLE_ARN

SERVER = Server("s-0123456789abcdef0", "us-east-1", "000000000000")


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def user(**changes: Any) -> User:
    given: dict[str, Any] = {"name": "alice", "role_arn": ROLE_ARN, "home_directory": "/bucket/home/alice"}
    return User(**{**given, **changes})


def statement(effect: str, resource: str, **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "s3:*", "Resource": resource, **more}


NOTHING = {"Version": "2012-10-17", "Statement": [statement("Allow", "arn:aws:s3:::elsewhere")]}
