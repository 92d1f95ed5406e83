"""Starter: one execution for each message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.common.events import Delivery, read_upload
from pipeline.workflow import inputs
from pipeline.workflow.starting import Starter
from tests.unit.pipeline import events
from tests.unit.workflow.fakes import FakeStepFunctions

pytestmark = pytest.mark.unit


class Noted:
    """Stands for `Retries`: notes whose message shall be visible again soon."""

    def __init__(self) -> None:
        self.soon_again: list[str] = []

    def soon(self, failed: list[Delivery]) -> None:
        self.soon_again += [delivery.message_id for delivery in failed]


@pytest.fixture
def sfn() -> FakeStepFunctions:
    return FakeStepFunctions()


@pytest.fixture
def retries() -> Noted:
    return Noted()


@pytest.fixture
def starter(sfn: FakeStepFunctions, retries: Noted) -> Starter:
    return Starter(sfn, retries, "machine")  # type: ignore[arg-type]


def record(key: str, message_id: str, group: str | None = None, *, is_fifo: bool = True) -> dict[str, Any]:
    made = events.sqs_record(events.object_created(key=key), message_id=message_id)
    if group:
        made["attributes"]["MessageGroupId"] = group
        if is_fifo:
            made["attributes"]["SequenceNumber"] = "1"
    return made


def failures(starter: Starter, *records: dict[str, Any]) -> list[str]:
    answer = starter.handle({"Records": list(records)})
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def file_id(key: str) -> str:
    return read_upload(events.object_created(key=key)).file_id


def test_the_execution_is_named_after_the_file_and_gets_the_event(
    starter: Starter, sfn: FakeStepFunctions
) -> None:
    assert failures(starter, record("c/a", "m-1")) == []
    ((name, given),) = sfn.started.items()
    assert name == file_id("c/a")
    arrival = inputs.read(json.loads(given))
    assert arrival.upload.key == "c/a"
    assert arrival.delivery is not None
    assert arrival.delivery.receive_count == 1


def test_a_duplicate_is_done(starter: Starter, sfn: FakeStepFunctions) -> None:
    assert failures(starter, record("c/a", "m-1"), record("c/a", "m-2")) == []
    assert len(sfn.started) == 1


def test_what_could_not_be_started_comes_again_soon(
    starter: Starter, sfn: FakeStepFunctions, retries: Noted
) -> None:
    sfn.refuse[file_id("c/b")] = "ThrottlingException"
    assert failures(starter, record("c/a", "m-1"), record("c/b", "m-2"), record("c/c", "m-3")) == ["m-2"]
    assert retries.soon_again == ["m-2"]


def test_a_malformed_message_comes_again(starter: Starter, sfn: FakeStepFunctions) -> None:
    assert failures(starter, events.sqs_record("no json", message_id="m-1")) == ["m-1"]
    assert sfn.started == {}


def test_the_marker_of_a_folder_starts_nothing(starter: Starter, sfn: FakeStepFunctions) -> None:
    assert failures(starter, record("c/folder/", "m-1")) == []
    assert sfn.started == {}


def test_in_a_fifo_queue_the_rest_of_the_group_waits(starter: Starter, sfn: FakeStepFunctions) -> None:
    sfn.refuse[file_id("c/b")] = "ThrottlingException"
    batch = [
        record("c/a", "m-1", "c"),
        record("c/b", "m-2", "c"),
        record("d/x", "m-3", "d"),
        record("c/c", "m-4", "c"),
    ]
    assert failures(starter, *batch) == ["m-2", "m-4"]
    assert set(sfn.started) == {file_id("c/a"), file_id("d/x")}


def test_the_group_of_a_fair_queue_holds_nothing_up(starter: Starter, sfn: FakeStepFunctions) -> None:
    """Standard queues may have groups as well, and no order in them."""
    sfn.refuse[file_id("c/a")] = "ThrottlingException"
    batch = [record("c/a", "m-1", "c", is_fifo=False), record("c/b", "m-2", "c", is_fifo=False)]
    assert failures(starter, *batch) == ["m-1"]
    assert set(sfn.started) == {file_id("c/b")}
