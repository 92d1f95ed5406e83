"""The live view: what it counts, what it asks for, and an engine that goes silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from harness.clock import to_iso
from harness.exceptions import StackLostError
from harness.measure.executions import Execution
from harness.measure.follow import MISSES_ALLOWED, Follower
from harness.measure.queues import QueueMessage
from harness.measure.records import Outcome
from harness.measure.rows import Row
from harness.measure.settle import settle_without_stack
from harness.measure.waiting import wait_until_quiet
from harness.stack.description import StackDescription
from tests.unit.measure.builders import DESCRIPTION, ENGINE, T0, Fate, World, file_id_of

pytestmark = pytest.mark.unit


class TableOf:
    """Answers BatchGetItem from a world's rows, as DynamoDB does."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.asked: list[list[str]] = []

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        ((table, asked),) = request["RequestItems"].items()
        file_ids = [key["file_id"]["S"] for key in asked["Keys"]]
        assert len(file_ids) <= 100
        self.asked.append(file_ids)
        items = [_item(self.world.table[file_id]) for file_id in file_ids if file_id in self.world.table]
        return {"Responses": {table: items}, "UnprocessedKeys": {}}


class QueuesOf:
    """Answers GetQueueAttributes from a world's queues."""

    def __init__(self, world: World) -> None:
        self.world = world

    def get_queue_attributes(self, **request: Any) -> dict[str, Any]:
        messages = self.world.dead if request["QueueUrl"].endswith("dlq") else self.world.queued
        return {"Attributes": {"ApproximateNumberOfMessages": str(len(messages))}}


class MachinesOf:
    """Answers ListExecutions from a world's executions."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.asked = 0

    def list_executions(self, **request: Any) -> dict[str, Any]:
        self.asked += 1
        started = datetime.fromtimestamp(T0 + 1000, UTC)
        return {
            "executions": [
                {"executionArn": each.arn, "name": each.name, "status": each.status, "startDate": started}
                for each in self.world.machines.executions
                if each.status == request["statusFilter"]
            ]
        }


class BucketsOf:
    """Answers ListObjectVersions from a world's destination."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.listed = 0

    def get_paginator(self, _name: str) -> BucketsOf:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        self.listed += 1
        versions = [version for found in self.world.at_destination.values() for version in found]
        modified = [datetime.fromtimestamp(version.modified_at, UTC) for version in versions]
        return [
            {
                "Versions": [
                    {"Key": each.key, "VersionId": each.version_id, "Size": 1, "LastModified": at}
                    for each, at in zip(versions, modified, strict=True)
                ]
            }
        ]


class SilentQueues(QueuesOf):
    """An engine that takes no connections."""

    def get_queue_attributes(self, **request: Any) -> dict[str, Any]:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


def _item(row: Row) -> dict[str, Any]:
    item: dict[str, Any] = {"file_id": {"S": row.file_id}, "status": {"S": row.status}}
    if row.handler_ended_at:
        item["handler_ended_at"] = {"S": to_iso(row.handler_ended_at)}
    if row.withdrawn_at:
        item["withdrawn_at"] = {"S": to_iso(row.withdrawn_at)}
    return item


class Followed:
    """A world and a follower that looks at it."""

    def __init__(
        self,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        queues: type[QueuesOf] = QueuesOf,
        description: StackDescription = DESCRIPTION,
    ) -> None:
        self.world = World(folder)
        self.table = TableOf(self.world)
        self.machines, self.buckets = MachinesOf(self.world), BucketsOf(self.world)
        clients = {
            "dynamodb": self.table,
            "sqs": queues(self.world),
            "stepfunctions": self.machines,
            "s3": self.buckets,
        }
        monkeypatch.setattr("harness.aws.client", lambda service, *_, **__: clients[service])
        self.follower = Follower(ENGINE, description, self.world.ledger_dir, self.world.uploads_file)


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Followed:
    return Followed(tmp_path, monkeypatch)


def test_before_the_first_line_there_is_nothing(followed: Followed) -> None:
    snapshot = followed.follower.poll()
    assert (snapshot.offered, snapshot.backlog, snapshot.p99_ms, snapshot.oldest_age_s) == (0, 0, None, None)
    assert snapshot.quiet
    assert not snapshot.load_ended


def test_it_counts_what_became_of_each_file(followed: Followed) -> None:
    fates = [Fate.DELIVERED] * 3 + [
        Fate.FAILED,
        Fate.SUPERSEDED,
        Fate.IN_QUEUE,
        Fate.ABORTED,
        Fate.NOT_STARTED,
    ]
    for fate in fates:
        followed.world.add(fate)
    followed.world.end()
    snapshot = followed.follower.poll()
    assert (snapshot.offered, snapshot.started, snapshot.uploaded) == (8, 7, 6)
    assert (snapshot.delivered, snapshot.superseded, snapshot.not_started) == (3, 1, 1)
    assert (snapshot.backlog, snapshot.queue_depth) == (1, 1)
    assert snapshot.failures == {"aborted": 1, "failed": 1}
    assert snapshot.p99_ms == pytest.approx(800, rel=1e-2)
    assert snapshot.load_ended
    assert not snapshot.quiet
    assert snapshot.oldest_age_s is not None


def test_what_was_to_end_badly_is_no_failure_in_the_live_view(followed: Followed) -> None:
    followed.world.add(Fate.FAILED, kind="poison", expects="failed")
    followed.world.add(Fate.ABORTED, kind="aborted", expects="aborted")
    followed.world.add(Fate.FAILED)
    snapshot = followed.follower.poll()
    assert snapshot.failures == {"failed": 1}
    assert snapshot.backlog == 0


def test_a_failed_file_does_not_make_the_backlog_older_for_ever(followed: Followed) -> None:
    followed.world.add(Fate.FAILED)
    assert followed.follower.poll().oldest_age_s is None
    followed.world.add(Fate.IN_QUEUE)
    assert followed.follower.poll().oldest_age_s is not None


def test_what_it_saw_is_told_although_the_stack_was_taken_down_with_all_its_files(followed: Followed) -> None:
    followed.world.add(Fate.DELIVERED)
    followed.world.add(Fate.IN_QUEUE)
    followed.world.end()
    followed.follower.poll()
    followed.world.uploads_file.unlink()
    settlement = settle_without_stack(replace(followed.world.inputs(), follower=followed.follower))
    assert [record.outcome for record in settlement.records] == [Outcome.DELIVERED, Outcome.IN_FLIGHT]


def test_files_that_are_done_are_not_asked_for_again(followed: Followed) -> None:
    followed.world.add(Fate.DELIVERED)
    followed.world.add(Fate.IN_QUEUE)
    followed.follower.poll()
    followed.table.asked.clear()
    followed.follower.poll()
    assert [len(batch) for batch in followed.table.asked] == [1]


def test_each_poll_asks_for_a_bounded_number_and_all_have_their_turn(followed: Followed) -> None:
    for _ in range(250):
        followed.world.add(Fate.IN_QUEUE)
    for _ in range(2):
        followed.follower.poll(max_rows=130)
    assert [len(batch) for batch in followed.table.asked] == [100, 30, 100, 30]
    assert len({file_id for batch in followed.table.asked for file_id in batch}) == 250


def test_a_failure_that_a_retry_mends_is_taken_back(followed: Followed) -> None:
    ledger_id = followed.world.add(Fate.FAILED)
    assert followed.follower.poll().failures == {"failed": 1}
    key = next(iter(followed.follower.ledger.entries.values())).key
    followed.world.row(file_id_of(key, f"v-{ledger_id}"), "transferred", T0 + 5)
    snapshot = followed.follower.poll()
    assert (snapshot.failures, snapshot.delivered, snapshot.backlog) == ({}, 1, 0)
    timeline = followed.follower.timeline
    assert (sum(timeline.failed), sum(timeline.delivered), timeline.backlog[-1]) == (0, 1, 0)


def test_an_earlier_runs_upload_of_the_same_key_is_not_taken_for_this_one(followed: Followed) -> None:
    key = "customer-0/incoming/daily.csv"
    followed.world.close(key, "old", T0 - 100)
    ledger_id, _ = followed.world.offer(key, at=T0)
    followed.world.start(ledger_id, T0)
    followed.world.acknowledge(ledger_id, T0 + 1, "x")
    followed.world.close(key, "new", T0 + 1)
    followed.follower.poll()
    assert list(followed.follower.outstanding) == [file_id_of(key, "new")]


def test_queues_are_counted_now_and_then_or_on_demand(followed: Followed) -> None:
    followed.follower.poll()
    followed.world.add(Fate.IN_QUEUE)
    assert followed.follower.poll().queue_depth == 0
    assert followed.follower.poll(fresh_depths=True).queue_depth == 1


def test_a_silent_engine_is_lost_after_a_few_polls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = Followed(tmp_path, monkeypatch, SilentQueues).follower
    first = follower.poll()
    assert (first.queue_depth, first.quiet) == (None, False)
    for _ in range(MISSES_ALLOWED - 2):
        follower.poll()
    with pytest.raises(StackLostError, match=f"did not answer {MISSES_ALLOWED} times in a row"):
        follower.poll()


class Clock:
    """Time that passes only when somebody waits; `then` is what happens meanwhile."""

    def __init__(self, then: Any = None) -> None:
        self.waits: list[float] = []
        self.then = then

    def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        if self.then:
            self.then()


def wait(followed: Followed, clock: Clock, wait_s: float = 60.0) -> tuple[bool, list[str]]:
    said: list[str] = []
    quiet = wait_until_quiet(
        followed.follower, followed.world, wait_s=wait_s, progress=said.append, pause=clock.pause
    )
    return quiet, said


def test_waiting_ends_when_everything_is_resolved(followed: Followed) -> None:
    ledger_id = followed.world.add(Fate.IN_QUEUE)

    def arrive() -> None:
        followed.world.queued.clear()
        key = f"customer-0/incoming/{ledger_id}.csv"
        followed.world.row(file_id_of(key, f"v-{ledger_id}"), "transferred", T0)

    quiet, said = wait(followed, Clock(arrive))
    assert quiet
    assert [text.partition(",")[0] for text in said] == ["settling: 1 files under way"]


def test_waiting_goes_on_while_a_failed_file_may_be_retried(followed: Followed) -> None:
    followed.world.add(Fate.FAILED)
    followed.world.queued.append(QueueMessage("its/key.csv", "v"))
    assert wait(followed, Clock(), wait_s=0.0)[0] is False
    assert wait(followed, Clock(followed.world.queued.clear))[0] is True


def test_waiting_does_not_last_for_dead_letters_without_a_row(followed: Followed) -> None:
    followed.world.add(Fate.DLQ)
    followed.world.add(Fate.DELIVERED)
    quiet, _ = wait(followed, Clock())
    assert quiet


def test_waiting_lasts_for_a_file_that_no_dead_letter_explains(followed: Followed) -> None:
    followed.world.add(Fate.LOST)
    followed.world.add(Fate.DLQ)
    followed.world.dead.append(QueueMessage("somebody/elses.csv", "v-other"))
    quiet, _ = wait(followed, Clock(), wait_s=0.0)
    assert not quiet


DIRECT = replace(DESCRIPTION, route="direct", queues={}, state_machines={"transfer_file": "arn:transfer"})


@pytest.fixture
def direct(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Followed:
    return Followed(tmp_path, monkeypatch, description=DIRECT)


def test_without_queues_waiting_ends_with_the_last_row(direct: Followed) -> None:
    direct.world.add(Fate.DELIVERED)
    assert wait(direct, Clock())[0]


def test_an_execution_that_runs_is_waited_for(direct: Followed) -> None:
    direct.world.add(Fate.DELIVERED)
    direct.world.execute(Execution("arn:1", "1", "RUNNING"))
    assert wait(direct, Clock(), wait_s=0.0)[0] is False


def test_waiting_does_not_last_for_executions_that_failed_without_a_word(direct: Followed) -> None:
    direct.world.add(Fate.EXECUTION_FAILED)
    direct.world.add(Fate.UNDELIVERED)
    assert wait(direct, Clock())[0]


def test_waiting_lasts_while_no_failed_execution_explains_a_file(direct: Followed) -> None:
    direct.world.add(Fate.EXECUTION_FAILED)
    direct.world.add(Fate.LOST)
    assert wait(direct, Clock(), wait_s=0.0)[0] is False


def test_whether_executions_run_is_asked_at_most_once_a_second(direct: Followed) -> None:
    direct.world.add(Fate.DELIVERED)
    for _ in range(20):
        direct.follower.poll()
        direct.follower.executions_run()
    assert direct.machines.asked == 1


def test_a_route_without_machines_asks_for_no_executions(followed: Followed) -> None:
    followed.world.add(Fate.DELIVERED)
    followed.follower.poll()
    assert followed.follower.executions_run() is False
    assert followed.machines.asked == 0


def test_without_a_table_the_destination_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    followed = Followed(tmp_path, monkeypatch, description=replace(DESCRIPTION, table=""))
    followed.world.add(Fate.DELIVERED_ROWLESS)
    followed.world.add(Fate.LOST)
    for _ in range(5):
        snapshot = followed.follower.poll()
    assert (snapshot.delivered, snapshot.backlog, snapshot.p99_ms) == (1, 1, None)
    assert followed.buckets.listed == 2, "once, over the folders of two customers: listing is dear"
    assert followed.table.asked == []


def test_without_a_table_each_upload_of_a_key_needs_a_version_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = Followed(tmp_path, monkeypatch, description=replace(DESCRIPTION, table=""))
    key = "customer-0/incoming/daily.csv"
    for number in range(2):
        ledger_id, _ = followed.world.offer(key, at=T0 + number)
        followed.world.start(ledger_id, T0 + number)
        followed.world.acknowledge(ledger_id, T0 + number, "x")
        followed.world.close(key, f"v{number}", T0 + number)
    followed.world.deliver(key, "d0", "x", T0 + 3)
    assert followed.follower.poll().delivered == 1


def test_a_partial_upload_is_waited_for_until_the_quarantine_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    description = replace(DESCRIPTION, functions={"quarantine": "quarantine"})
    followed = Followed(tmp_path, monkeypatch, description=description)
    followed.world.add(Fate.PARTIAL_UNMARKED)
    ((key, (version,)),) = followed.world.at_source.items()
    file_id = file_id_of(key, version.version_id)
    for marked in (False, True):
        if marked:
            followed.world.row(file_id, "failed", T0, error_type="PartialUpload")
        snapshot = followed.follower.poll()
        assert (snapshot.partial, snapshot.quiet) == (1, False)
    followed.world.row(file_id, "failed", T0, error_type="PartialUpload", withdrawn_at=T0 + 1)
    assert followed.follower.poll().quiet


def test_without_a_quarantine_nobody_waits_for_one(followed: Followed) -> None:
    followed.world.add(Fate.PARTIAL_UNMARKED)
    assert followed.follower.poll().quiet
