"""The input of an execution, from each of its senders."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.common.events import parse_delivery, read_upload
from pipeline.workflow import inputs
from pipeline.workflow.errors import MalformedEventError
from tests.unit.pipeline import events

pytestmark = pytest.mark.unit

EVENT = events.object_created()


@pytest.mark.parametrize(
    "given",
    [EVENT, [EVENT], {"event": EVENT}, [{"customer_id": "c", "file_id": "f", "event": EVENT}]],
    ids=["rule", "list of events", "item of a pipe", "list of a pipe"],
)
def test_every_sender_is_understood(given: Any) -> None:
    arrival = inputs.read(given)
    assert arrival.upload == read_upload(EVENT)
    assert (arrival.delivery, arrival.is_redrive) == (None, False)


def test_what_sqs_said_comes_along() -> None:
    delivery = parse_delivery(events.sqs_record(EVENT, receive_count=2))
    arrival = inputs.read({**EVENT, "delivery": inputs.delivery_fields(delivery)})
    assert arrival.delivery is not None
    assert arrival.delivery.receive_count == 2
    assert arrival.delivery.queued_at == delivery.queued_at
    assert arrival.delivery.first_received_at == delivery.first_received_at


def test_a_redrive_is_asked_for() -> None:
    assert inputs.read({**EVENT, "redrive": True}).is_redrive


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([EVENT, EVENT], "batch size of the Pipe to 1"),
        ([], "not 0"),
        ("text", "no object but str"),
        ({"event": "no json"}, "no S3 event"),
        ({"detail": {}}, "detail-type"),
    ],
)
def test_anything_else_is_refused(given: Any, reason: str) -> None:
    with pytest.raises(MalformedEventError, match=reason):
        inputs.read(given)
