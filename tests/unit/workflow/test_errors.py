"""Which errors of AWS's client are worth another try."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
)

from pipeline.common.deadline import DeadlineReachedError
from pipeline.transfer.copying import DestinationContestedError
from pipeline.workflow.errors import PermanentError, TransientError, translated
from tests.unit.pipeline.fake_s3 import client_error

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("code", ["SlowDown", "ThrottlingException", "InternalError", "RequestTimeout"])
def test_throttles_are_transient(code: str) -> None:
    with pytest.raises(TransientError, match=f"^{code}: "), translated():
        raise client_error(code)


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket", "ValidationException"])
def test_refusals_are_permanent(code: str) -> None:
    with pytest.raises(PermanentError, match=f"^{code}: "), translated():
        raise client_error(code)


def test_any_server_error_is_transient() -> None:
    answer = {"Error": {"Code": "Odd"}, "ResponseMetadata": {"HTTPStatusCode": 502}}
    with pytest.raises(TransientError, match=r"^Odd: "), translated():
        raise ClientError(answer, "Test")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (EndpointConnectionError(endpoint_url="x"), "EndpointConnection"),
        (ReadTimeoutError(endpoint_url="x"), "ReadTimeout"),
        (DeadlineReachedError("late"), "DeadlineReached"),
        (DestinationContestedError("busy"), "DestinationContested"),
    ],
)
def test_lost_connections_and_lost_races_are_transient(error: Exception, name: str) -> None:
    with pytest.raises(TransientError, match=f"^{name}: "), translated():
        raise error


def test_a_call_that_botocore_refuses_is_permanent() -> None:
    error: BotoCoreError = ParamValidationError(report="x")
    with pytest.raises(PermanentError, match=r"^ParamValidation: "), translated():
        raise error


def test_what_is_unknown_stays_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), translated():
        raise ZeroDivisionError
