"""The worker that polls: deletes what is done, keeps hidden what takes long, stops in good order."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, cast

import pytest

from pipeline import worker
from pipeline.common.deadline import Deadline
from pipeline.common.events import Delivery, parse_delivery
from pipeline.common.settings import EcsWorkerSettings
from pipeline.queue import polling
from pipeline.queue.polling import Poller
from tests.unit.pipeline import events
from tests.unit.pipeline.fake_s3 import client_error
from tests.unit.pipeline.queue.fake_sqs import FakeSqs

pytestmark = pytest.mark.unit


def settings(**more: Any) -> EcsWorkerSettings:
    required: dict[str, Any] = {
        "destination_bucket": "d",
        "table_name": "t",
        "work_queue_url": "https://sqs.example/work",
        "visibility_timeout_s": 30,
        "receive_wait_s": 1,
        "stop_timeout_s": 5.0,
    }
    return EcsWorkerSettings(**{**required, **more})


class FakeService:
    """Handles records; those in `fails` are returned. A batch waits for `go_on`, or until its time is cut."""

    def __init__(self, *fails: str) -> None:
        self.fails = fails
        self.go_on = threading.Event()
        self.go_on.set()
        self.begun = threading.Event()
        self.names: list[str] = []
        self.soon_again: list[str] = []
        self.retries = self

    def transfer(
        self, records: Sequence[dict[str, Any]], deadline: Deadline, *, claimed_by: str
    ) -> list[Delivery]:
        self.names.append(claimed_by)
        self.begun.set()
        while not self.go_on.wait(0.01):
            if not deadline.remaining_s():
                return [parse_delivery(record) for record in records]
        return [parse_delivery(record) for record in records if record["messageId"] in self.fails]

    def soon(self, failed: Sequence[Delivery]) -> None:
        self.soon_again += [delivery.message_id for delivery in failed]


def records(*names: str) -> list[dict[str, Any]]:
    return [events.sqs_record(events.object_created(key=name), message_id=name) for name in names]


def poller(sqs: FakeSqs, service: FakeService, **more: Any) -> Poller:
    return Poller(cast(Any, sqs), cast(Any, service), settings(**more), name="task")


def handles(*names: str) -> list[str]:
    return [f"receipt of {name}" for name in names]


def test_what_is_done_is_deleted_and_the_rest_comes_again_soon() -> None:
    sqs, service = FakeSqs(*records("a", "bad", "c")), FakeService("bad")
    running = poller(sqs, service)
    running.start()
    sqs.wait_for(lambda: len(sqs.deleted) == 2)
    assert running.stop()
    assert (sqs.deleted, service.soon_again) == (handles("a", "c"), ["bad"])
    assert service.names == ["task#1"]


def test_messages_that_could_not_be_deleted_are_tried_again() -> None:
    sqs = FakeSqs(*records("a", "b"))
    sqs.undeletable = handles("b")
    running = poller(sqs, FakeService())
    running.start()
    sqs.wait_for(lambda: len(sqs.deleted) == 2)
    running.stop()
    assert sqs.deleted == handles("a", "b")


def test_a_queue_that_does_not_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_FIRST_PAUSE_S", 0.05)
    sqs = FakeSqs(*records("a"))
    sqs.errors = [client_error("ServiceUnavailable")]
    running = poller(sqs, FakeService())
    running.start()
    sqs.wait_for(lambda: sqs.deleted == handles("a"))
    assert running.stop()


def test_messages_of_a_batch_that_takes_long_are_kept_hidden() -> None:
    sqs, service = FakeSqs(*records("a", "b")), FakeService()
    service.go_on.clear()
    running = poller(sqs, service, visibility_timeout_s=1)
    running.start()
    sqs.wait_for(lambda: len(sqs.visibility) >= 4)
    service.go_on.set()
    sqs.wait_for(lambda: len(sqs.deleted) == 2)
    running.stop()
    assert set(sqs.visibility) == {(handle, 1) for handle in handles("a", "b")}


def test_told_to_stop_it_finishes_what_it_holds_and_takes_no_more() -> None:
    sqs, service = FakeSqs(*records("a")), FakeService()
    service.go_on.clear()
    running = poller(sqs, service)
    running.start()
    assert service.begun.wait(30)
    stopped = threading.Thread(target=running.stop)
    stopped.start()
    sqs.visible += records("late")
    service.go_on.set()
    stopped.join(30)
    assert (sqs.deleted, [record["messageId"] for record in sqs.visible]) == (handles("a"), ["late"])


def test_what_is_not_finished_in_time_is_given_back_at_once() -> None:
    sqs, service = FakeSqs(*records("a", "b")), FakeService()
    service.go_on.clear()
    running = poller(sqs, service, stop_timeout_s=1.0)
    running.start()
    assert service.begun.wait(30)
    assert running.stop()
    assert sqs.visibility == [(handle, 0) for handle in handles("a", "b")]
    assert (sqs.deleted, service.soon_again) == ([], [])


class LateSqs(FakeSqs):
    """A long poll that brings messages only after the worker was told to stop."""

    def __init__(self, *late: dict[str, Any]) -> None:
        super().__init__(*late)
        self.polling = threading.Event()
        self.told = threading.Event()

    def receive_message(self, **arguments: Any) -> dict[str, Any]:
        self.polling.set()
        assert self.told.wait(30)
        return super().receive_message(**arguments)


def test_messages_of_a_poll_that_ends_after_the_stop_are_given_back() -> None:
    sqs, service = LateSqs(*records("a")), FakeService()
    running = poller(sqs, service)
    running.start()
    assert sqs.polling.wait(30)
    threading.Timer(0.1, sqs.told.set).start()
    assert running.stop()
    assert (service.names, sqs.visibility) == ([], [("receipt of a", 0)])


class DyingService(FakeService):
    """Has a bug."""

    def transfer(self, *_: Any, **__: Any) -> list[Delivery]:
        raise ZeroDivisionError


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_is_noticed() -> None:
    running = poller(FakeSqs(*records("a")), DyingService())
    running.start()
    running._threads[0].join(30)
    assert not running.is_whole()
    running.stop()


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        (
            {"ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4/0123abcd-527074092"},
            "0123abcd-527074092",
        ),
        ({}, None),
    ],
)
def test_the_name_of_a_task(
    environment: dict[str, str], name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ECS_CONTAINER_METADATA_URI_V4", raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    found = worker.task_name()
    assert found == name if name else found


def test_missing_settings_are_told_and_nothing_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in ("WORK_QUEUE_URL", "TABLE_NAME", "DESTINATION_BUCKET"):
        monkeypatch.delenv(variable, raising=False)
    assert worker.main() == 2
