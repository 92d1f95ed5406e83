"""What all tests of the suite share: the engine's clients, one role, and things that are made once."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from botocore.config import Config

from harness.aws import client, is_aws_itself
from harness.engines.base import EngineInfo
from tests.conformance.waiting import eventually

# What is wrong with a call is to be found by the engine, not by the SDK.
_CONFIG = Config(max_pool_connections=64, parameter_validation=False)
# Step Functions' and others' host prefixes name hosts of AWS, which an address of this machine has not.
_LOCAL = Config(inject_host_prefix=False)
_ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})
_ALLOWED = [
    f"{service}:*"
    for service in (
        "logs",
        "sqs",
        "lambda",
        "states",
        "events",
        "dynamodb",
        "xray",
        "sns",
        "cloudwatch",
        "s3",
    )
]
_SERVICES = ["lambda.amazonaws.com", "states.amazonaws.com", "events.amazonaws.com"]

_Made = TypeVar("_Made")


class Account:
    """An engine's account, or a real one. Used by many threads at once."""

    def __init__(self, info: EngineInfo) -> None:
        self._info = info
        self.region = info.region
        self.is_real = is_aws_itself(info.endpoint_url)
        self.unique = uuid.uuid4().hex[:12]
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, bool], Any] = {}
        self._shared: dict[Callable[..., Any], Any] = {}
        self._locks: dict[Callable[..., Any], threading.Lock] = {}
        self.leftovers: list[str] = []
        """What could not be cleaned up."""
        self._cleanups: list[Callable[[], Any]] = []

    def client(self, service: str, *, retries: bool = True) -> Any:
        """Return the one client of a service; making one costs more than most tests.

        :param retries: whether the SDK tries again what was throttled
        """
        with self._lock:
            key = (service, retries)
            if key not in self._clients:
                config = _CONFIG if self.is_real else _CONFIG.merge(_LOCAL)
                config = config if retries else config.merge(_ONCE)
                self._clients[key] = client(service, self._info, config=config)
            return self._clients[key]

    def shared(self, make: Callable[[Account], _Made]) -> _Made:
        """Return what `make` returned when it was first called; others wait for it meanwhile."""
        with self._lock:
            lock = self._locks.setdefault(make, threading.Lock())
        with lock:
            if make not in self._shared:
                self._shared[make] = make(self)
            made: _Made = self._shared[make]
            return made

    def at_end(self, cleanup: Callable[[], Any]) -> None:
        """Have something removed after all tests."""
        with self._lock:
            self._cleanups.append(cleanup)

    def clean_up(self) -> None:
        for cleanup in reversed(self._cleanups):
            self.tidy(cleanup)

    def tidy(self, cleanup: Callable[[], Any]) -> None:
        """Remove something; note it where that fails, since no test is about that."""
        try:
            cleanup()
        except Exception as exc:  # noqa: BLE001  (shown at the end of the run)
            self.leftovers.append(f"{type(exc).__name__}: {exc}")

    @property
    def account_id(self) -> str:
        return self.shared(_account_id)

    @property
    def role(self) -> str:
        """ARN of the role that functions, machines and rules run with."""
        return self.shared(_role)


def _account_id(account: Account) -> str:
    return str(account.client("sts").get_caller_identity()["Account"])


def _role(account: Account) -> str:
    iam, name = account.client("iam"), f"cf-role-{account.unique}"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": _SERVICES}, "Action": "sts:AssumeRole"},
        ],
    }
    answer = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    account.at_end(lambda: iam.delete_role(RoleName=name))
    statement = {"Effect": "Allow", "Action": _ALLOWED, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName="tests", PolicyDocument=policy)
    account.at_end(lambda: iam.delete_role_policy(RoleName=name, PolicyName="tests"))
    eventually(lambda: iam.get_role(RoleName=name)["Role"])
    return str(answer["Role"]["Arn"])
