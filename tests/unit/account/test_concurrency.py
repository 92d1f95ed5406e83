"""Reserved concurrency against what an account has:
https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from harness.deploy.options import PipelineOptions
from harness.deploy.prepare import Prepared, prepare
from harness.engines.aws.account import Account
from harness.engines.base import Capabilities, EngineInfo
from harness.exceptions import EnvironmentNotReadyError
from harness.stack.in_account import concurrency
from tests.unit.account.stubs import answering

pytestmark = pytest.mark.unit

URL = "https://cloudformation.us-east-1.amazonaws.com"
INFO = EngineInfo("aws", "aws", "of today", URL, "us-east-1", "123456789012", "", "")


@dataclass(frozen=True)
class Stubbed(Account):
    """An account whose Lambda answers as recorded."""

    made: Any = None

    def client(self, service: str) -> Any:
        assert service == "lambda"
        return self.made


def account(total: int, free: int) -> Stubbed:
    limit = {"ConcurrentExecutions": total, "UnreservedConcurrentExecutions": free}
    return Stubbed(INFO, answering("lambda", [("get_account_settings", {}, {"AccountLimit": limit})])[0])


def prepared(**parameters: str) -> Prepared:
    options = PipelineOptions(parameters={"SftpEndpoint": "none", **parameters})
    return prepare(options, Capabilities(), profile="aws")


def test_a_new_account_is_told_what_to_do_before_anything_is_made() -> None:
    with pytest.raises(EnvironmentNotReadyError, match=r"reserve 60 .* has 10 unreserved") as caught:
        concurrency.require(account(10, 10), prepared())
    hint = str(caught.value.hint)
    assert "--parameter RecorderReservedConcurrency=0 --parameter WorkerReservedConcurrency=0" in hint
    concurrency.require(
        account(10, 10), prepared(RecorderReservedConcurrency="0", WorkerReservedConcurrency="0")
    )


@pytest.mark.parametrize(("free", "fits"), [(160, True), (159, False)])
def test_a_hundred_stay_unreserved(free: int, fits: bool) -> None:
    if fits:
        assert "1,000 concurrent executions" in concurrency.require(account(1000, free), prepared())
    else:
        with pytest.raises(EnvironmentNotReadyError):
            concurrency.require(account(1000, free), prepared())


def test_an_account_that_does_not_tell_is_no_reason_to_stop() -> None:
    made, stub = answering("lambda", [])
    stub.add_client_error("get_account_settings", service_error_code="AccessDeniedException")
    assert "not known (AccessDeniedException)" in concurrency.require(Stubbed(INFO, made), prepared())
