"""Undeliverable events: what is tried again, for how long, and what is told of it in the end."""

from __future__ import annotations

import threading

import pytest
from floodgate_localstack.event_delivery.failures import failure_of
from floodgate_localstack.event_delivery.retries import Delivery, Retries, Undelivered

pytestmark = pytest.mark.unit

WAIT_S = 10.0


class ServiceError(Exception):
    """As LocalStack's providers raise it."""

    def __init__(self, code: str, status_code: int = 400) -> None:
        super().__init__(f"{code} happened")
        self.code = code
        self.status_code = status_code


class ClientError(Exception):
    """As botocore raises it."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}


@pytest.mark.parametrize(
    ("error", "code", "retried"),
    [
        (ServiceError("AWS.SimpleQueueService.NonExistentQueue"), "NO_RESOURCE", False),
        (ServiceError("StateMachineDoesNotExist"), "NO_RESOURCE", False),
        (ClientError("ResourceNotFoundException", 404), "NO_RESOURCE", False),
        (ClientError("AccessDeniedException", 403), "NO_PERMISSIONS", False),
        (ClientError("TooManyRequestsException", 429), "THROTTLING", True),
        (ServiceError("ServiceUnavailable", 503), "ERROR_FROM_TARGET", True),
        (ServiceError("ValidationException"), "SDK_CLIENT_ERROR", False),
        (KeyError("id"), "INTERNAL_ERROR", False),
    ],
)
def test_refusals(error: Exception, code: str, retried: bool) -> None:
    failure = failure_of(error)
    assert (failure.code, failure.retried) == (code, retried)
    assert failure.message


class Target:
    """Refuses some times, then takes the event."""

    def __init__(self, refusals: int, error: Exception) -> None:
        self.calls = 0
        self.refusals = refusals
        self.error = error
        self.ended = threading.Event()
        self.end: Undelivered | None = None

    def send(self) -> None:
        self.calls += 1
        if self.calls <= self.refusals:
            raise self.error
        self.ended.set()

    def give_up(self, end: Undelivered) -> None:
        self.end = end
        self.ended.set()

    def deliver(self, **policy: float) -> None:
        delivery = Delivery(self.send, self.give_up, **policy)
        try:
            self.send()
        except Exception as exc:  # noqa: BLE001  (as the patch does)
            Retries(first_delay_s=0.01).failed(delivery, exc)
        assert self.ended.wait(WAIT_S)


def test_a_throttled_delivery_is_tried_until_it_is_taken() -> None:
    target = Target(3, ServiceError("ThrottlingException"))
    target.deliver()
    assert (target.calls, target.end) == (4, None)


def test_a_target_that_is_not_there_is_not_tried_again() -> None:
    target = Target(99, ServiceError("StateMachineDoesNotExist"))
    target.deliver()
    assert target.calls == 1
    assert target.end is not None
    assert (target.end.retries, target.end.condition) == (0, None)


def test_attempts_run_out() -> None:
    target = Target(99, ServiceError("ThrottlingException"))
    target.deliver(most_retries=2)
    assert target.calls == 3
    assert target.end is not None
    assert (target.end.retries, target.end.condition) == (2, "MaximumRetryAttempts")
    assert target.end.failure.code == "THROTTLING"


def test_events_grow_too_old() -> None:
    target = Target(99, ServiceError("ThrottlingException"))
    target.deliver(longest_age_s=0.03)
    assert target.end is not None
    assert target.end.condition == "MaximumEventAgeInSeconds"
