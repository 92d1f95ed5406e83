"""What one test works with: clients, and resources of its own that are gone when it ends."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.account import Account


class Aws:
    """One test's view of the account."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.unique = uuid.uuid4().hex[:12]
        self._cleanups: list[Callable[[], Any]] = []

    def __enter__(self) -> Aws:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for cleanup in reversed(self._cleanups):
            self.account.tidy(cleanup)

    def name(self, what: str) -> str:
        """Return a name that no other test uses."""
        return f"cf-{what}-{self.unique}-{uuid.uuid4().hex[:4]}"

    def at_end(self, cleanup: Callable[[], Any]) -> None:
        self._cleanups.append(cleanup)

    @property
    def s3(self) -> Any:
        return self.account.client("s3")

    @property
    def sqs(self) -> Any:
        return self.account.client("sqs")

    @property
    def events(self) -> Any:
        return self.account.client("events")

    @property
    def functions(self) -> Any:
        return self.account.client("lambda")

    @property
    def states(self) -> Any:
        return self.account.client("stepfunctions")

    @property
    def dynamodb(self) -> Any:
        return self.account.client("dynamodb")

    @property
    def logs(self) -> Any:
        return self.account.client("logs")

    @property
    def cloudwatch(self) -> Any:
        return self.account.client("cloudwatch")

    @property
    def sns(self) -> Any:
        return self.account.client("sns")

    @property
    def cloudformation(self) -> Any:
        return self.account.client("cloudformation")


def refused(call: Callable[..., Any], **arguments: Any) -> str:
    """Make a call that AWS must refuse; return the error's code."""
    return str(refusal(call, **arguments)["Error"]["Code"])


def refusal(call: Callable[..., Any], **arguments: Any) -> Any:
    """Make a call that AWS must refuse; return the error's whole answer."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response
