"""The worker that polls, as a process on a real queue: delivers, stops in good order, may be killed."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from harness import faults
from harness.engines.base import EngineInfo
from tests.integration.pipeline.conftest import wait_until
from tests.integration.pipeline.polled_queue import PolledQueue, stop

pytestmark = pytest.mark.integration


@pytest.fixture
def queue(localstack: EngineInfo) -> PolledQueue:
    return PolledQueue(localstack)


@pytest.fixture
def slow_copies(localstack: EngineInfo, queue: PolledQueue) -> Iterator[None]:
    """Each copy takes seconds, longer than a heartbeat and than a stop may wait."""
    faults.apply(localstack, faults.parse([f"s3.CopyObject[{queue.destination}/*]:delay=6s"]))
    yield
    faults.clear(localstack)


def test_a_worker_delivers_and_stops_when_it_is_told(queue: PolledQueue) -> None:
    names = [queue.put(f"acme/{number}.csv") for number in range(25)]
    with queue.worker(WORKER_CONCURRENCY="2") as process:
        rows = [queue.wait_for(name, "transferred") for name in names]
        wait_until(lambda: queue.messages() == 0)
        lines = stop(process)
    assert sorted(queue.delivered()) == sorted(f"acme/{number}.csv" for number in range(25))
    assert {row["attempts"] for row in rows} == {"1"}
    assert {"Worker started", "Batch done", "Worker stopped"} <= {line.get("message") for line in lines}
    assert sum(line["FilesTransferred"][0] for line in lines if "FilesTransferred" in line) == 25


@pytest.mark.usefixtures("slow_copies")
def test_a_worker_killed_in_the_middle_of_a_copy_is_replaced_by_another_once(
    queue: PolledQueue, localstack: EngineInfo
) -> None:
    names = [queue.put(f"acme/{number}.csv") for number in range(3)]
    with queue.worker() as first:
        for name in names:
            queue.wait_for(name, "processing")
        first.send_signal(signal.SIGKILL)
        first.wait(30)
    faults.clear(localstack)
    with queue.worker() as second:
        rows = [queue.wait_for(name, "transferred") for name in names]
        wait_until(lambda: queue.messages() == 0)
        stop(second)
    assert sorted(queue.delivered()) == [f"acme/{number}.csv" for number in range(3)]
    assert {row["attempts"] for row in rows} == {"2"}


@pytest.mark.usefixtures("slow_copies")
def test_a_file_that_takes_longer_than_the_visibility_timeout_is_copied_by_one(queue: PolledQueue) -> None:
    name = queue.put("acme/slow.csv")
    with queue.worker() as first, queue.worker() as second:
        row = queue.wait_for(name, "transferred")
        wait_until(lambda: queue.messages() == 0)
        stop(first)
        stop(second)
    assert (row["attempts"], row["receive_count"]) == ("1", "1")
    assert queue.delivered() == ["acme/slow.csv"]


@pytest.mark.usefixtures("slow_copies")
def test_what_cannot_be_finished_before_the_stop_is_given_back_at_once(
    queue: PolledQueue, localstack: EngineInfo
) -> None:
    name = queue.put("acme/a.csv")
    with queue.worker(STOP_TIMEOUT_S="2") as first:
        queue.wait_for(name, "processing")
        stop(first)
    given_back = queue.row(name)
    assert (given_back["status"], given_back["attempts"]) == ("queued", "0")
    faults.clear(localstack)
    with queue.worker() as second:
        row = queue.wait_for(name, "transferred")
        stop(second)
    assert (row["attempts"], row["receive_count"]) == ("1", "2")
    assert queue.delivered() == ["acme/a.csv"]


def test_a_poison_file_is_tried_three_times_and_redriven_by_its_message(queue: PolledQueue) -> None:
    bad = queue.put("acme/poison.csv", b"frozen", StorageClass="GLACIER")
    with queue.worker() as process:
        row = queue.wait_for(bad, "failed")
        wait_until(lambda: queue.messages() == 0)
        stop(process)
    letters = queue.sqs.receive_message(QueueUrl=queue.dlq_url, VisibilityTimeout=0, WaitTimeSeconds=5)
    assert len(letters["Messages"]) == 1
    assert (row["attempts"], row["error_type"]) == ("3", "InvalidObjectState")


def test_a_group_of_a_fifo_queue_keeps_its_order_when_one_fails(localstack: EngineInfo) -> None:
    queue = PolledQueue(localstack, fifo=True)
    faults.apply(
        localstack, faults.parse([f"s3.CopyObject[{queue.destination}/acme/1.csv]:AccessDenied@100%[0s-4s]"])
    )
    try:
        names = [queue.put(f"acme/{number}.csv") for number in range(4)]
        other = queue.put("other/0.csv")
        with queue.worker(RETRY_DELAYS_S="1,4,0") as process:
            rows = [queue.wait_for(name, "transferred") for name in names]
            overtaker = queue.wait_for(other, "transferred")
            stop(process)
    finally:
        faults.clear(localstack)
    times = [row["transfer_timestamp"] for row in rows]
    assert times == sorted(times)
    assert overtaker["transfer_timestamp"] < times[1]
    assert rows[1]["attempts"] > "1"
    assert [row["attempts"] for row in rows[2:]] == ["1", "1"]
