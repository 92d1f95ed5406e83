"""Failed messages come back early, and later each time."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pipeline.common.events import Delivery, parse_delivery
from pipeline.common.settings import WorkerSettings
from pipeline.queue.retries import Retries
from tests.unit.pipeline import events
from tests.unit.pipeline.fake_s3 import client_error

pytestmark = pytest.mark.unit


class FakeSqs:
    """Takes visibility changes; `error` makes it refuse them."""

    def __init__(self) -> None:
        self.delays_s: dict[str, int] = {}
        self.calls = 0
        self.error: Exception | None = None

    def change_message_visibility_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        Entries: list[dict[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        self.calls += 1
        if self.error:
            raise self.error
        assert len({entry["Id"] for entry in Entries}) == len(Entries) <= 10
        self.delays_s |= {entry["ReceiptHandle"]: entry["VisibilityTimeout"] for entry in Entries}
        return {"Failed": [{"Id": "0", "Code": "ReceiptHandleIsInvalid", "SenderFault": True}]}


def delivery(message_id: str, receive_count: int) -> Delivery:
    return parse_delivery(events.sqs_record("", message_id=message_id, receive_count=receive_count))


def test_the_delay_follows_the_receive_count(settings: WorkerSettings) -> None:
    sqs = FakeSqs()
    Retries(cast(Any, sqs), settings).soon([delivery(f"m-{count}", count) for count in (1, 2, 3, 4)])
    assert list(sqs.delays_s.values()) == [1, 3, 0, 0]


def test_nothing_failed_costs_no_call(settings: WorkerSettings) -> None:
    sqs = FakeSqs()
    Retries(cast(Any, sqs), settings).soon([])
    assert sqs.calls == 0


def test_more_than_ten_take_several_calls(settings: WorkerSettings) -> None:
    sqs = FakeSqs()
    Retries(cast(Any, sqs), settings).soon([delivery(f"m-{number}", 1) for number in range(23)])
    assert (sqs.calls, len(sqs.delays_s)) == (3, 23)


def test_a_queue_that_refuses_only_costs_time(settings: WorkerSettings) -> None:
    sqs = FakeSqs()
    sqs.error = client_error("AccessDenied")
    Retries(cast(Any, sqs), settings).soon([delivery("m", 1)])
    assert sqs.calls == 1
