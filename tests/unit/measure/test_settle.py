"""Every fate ends in its outcome, and every file is accounted for."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import identity
from harness.exceptions import SettleError
from harness.measure.evidence import VersionsByKey
from harness.measure.joining import Joined, UploadsByKey
from harness.measure.queues import QueueMessage, QueueView
from harness.measure.records import Outcome
from harness.measure.settle import settle_without_stack
from tests.unit.measure.builders import KEPT, OUTCOMES, RUN_ID, T0, Fate, World, file_id_of

pytestmark = pytest.mark.unit


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize("fate", Fate)
def test_each_fate_has_its_outcome(world: World, fate: Fate) -> None:
    world.add(Fate.DELIVERED)
    world.add(fate)
    world.end()
    records = world.settle().records
    assert [record.outcome for record in records] == [Outcome.DELIVERED, OUTCOMES[fate]]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(list(Fate)), max_size=40))
def test_conservation_holds_for_any_mixture_of_fates(fates: list[Fate]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        for fate in fates:
            world.add(fate)
        world.end()
        settlement = world.settle()
    counts, expected = settlement.counts, Counter(OUTCOMES[fate] for fate in fates)
    assert {outcome: counts[outcome] for outcome in Outcome} == {
        outcome: expected[outcome] for outcome in Outcome
    }
    assert counts["offered"] == len(fates)
    before = counts["not_started"] + counts["upload_failed"] + counts["aborted"]
    assert counts["offered"] == before + counts["uploaded"]
    after = ("delivered", "failed", "dlq", "superseded", "in_flight", "lost")
    assert counts["uploaded"] == sum(counts[name] for name in after)
    assert counts["duplicated"] == fates.count(Fate.DELIVERED_TWICE)
    wrong = (Fate.DELIVERED_WRONG, Fate.PARTIAL_DELIVERED, Fate.PARTIAL_MISSED, Fate.PARTIAL_BUT_ALL_BYTES)
    assert counts["corrupted"] == sum(fates.count(fate) for fate in wrong)
    assert counts["partial"] == sum(fate in KEPT for fate in fates)
    broken = counts["lost"] + counts["duplicated"] + counts["corrupted"]
    assert settlement.conservation_ok == (broken == 0)


def test_a_clean_run_is_whole(world: World) -> None:
    for _ in range(5):
        world.add(Fate.DELIVERED)
    world.end()
    settlement = world.settle()
    assert settlement.conservation_ok
    assert settlement.notes == []
    assert settlement.verified == 5
    assert settlement.bytes.uploaded == settlement.bytes.delivered == 50
    end_to_end = settlement.latency_ms["end_to_end"]
    assert end_to_end is not None
    assert end_to_end.p50 == pytest.approx(800)


def test_no_ledger_is_an_error(tmp_path: Path) -> None:
    world = World(tmp_path)
    (world.ledger_dir / "ledger-0.jsonl").unlink()
    with pytest.raises(SettleError, match="no ledger"):
        world.settle()


def test_a_ledger_that_lost_lines_breaks_conservation(world: World) -> None:
    world.add(Fate.DELIVERED)
    world.line("end", offered=2, at=T0)
    assert world.settle().problems == ["2 files were offered, but 0 + 1 uploaded are accounted for"]


class LateWorld(World):
    """The first look finds nothing of a file whose event is still on its way; the second look does."""

    looks = 0

    def rows(self, file_ids):
        self.looks += 1
        return {} if self.looks == 1 else super().rows(file_ids)

    def destination(self, keys) -> VersionsByKey:
        return {} if self.looks == 1 else super().destination(keys)


def test_nothing_is_lost_that_shows_up_on_a_second_look(tmp_path: Path) -> None:
    world = LateWorld(tmp_path)
    world.add(Fate.DELIVERED)
    world.end()
    assert world.settle().counts["delivered"] == 1
    assert world.looks == 2


class BusyWorld(World):
    """The pipeline goes on: a row is written after the rows were read, before the destination is listed."""

    def destination(self, keys: Collection[str]) -> VersionsByKey:
        for key, version_id in self.under_way:
            self.row(file_id_of(key, version_id), "transferred", T0 + 5)
            self.deliver(key, f"d-{version_id}", "content", T0 + 5)
        self.under_way = []
        return super().destination(keys)

    under_way: list[tuple[str, str]]


def test_a_file_that_arrives_while_we_look_is_not_called_rowless(tmp_path: Path) -> None:
    world = BusyWorld(tmp_path)
    ledger_id, key = world.offer()
    world.start(ledger_id, T0)
    world.close(key, "v1", T0 + 1)
    world.acknowledge(ledger_id, T0 + 1, "content")
    world.under_way = [(key, "v1")]
    world.end()
    settlement = world.settle()
    (record,) = settlement.records
    assert (record.outcome, record.cause) == (Outcome.DELIVERED, None)
    assert record.handler_ended_at == T0 + 5.5
    assert settlement.notes == []


class CountingWorld(World):
    """An engine that can only count the messages of its work queue."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.can_peek = False


def test_where_messages_can_only_be_counted_the_newest_traceless_files_are_in_flight(tmp_path: Path) -> None:
    world = CountingWorld(tmp_path)
    for _ in range(3):
        world.add(Fate.LOST)
    world.queued.append(QueueMessage())
    world.end()
    records = world.settle().records
    assert [record.outcome for record in records] == [Outcome.LOST, Outcome.LOST, Outcome.IN_FLIGHT]


def test_version_ids_come_from_the_source_bucket_where_the_server_wrote_none(world: World) -> None:
    world.add(Fate.DELIVERED)
    world.uploads_file.unlink()
    world.end()
    settlement = world.settle()
    assert settlement.records[0].version_id == f"v-{settlement.records[0].ledger_id}"
    assert settlement.records[0].cause is None
    assert settlement.conservation_ok


def test_without_a_stack_the_ledger_and_the_seen_rows_decide(world: World) -> None:
    world.add(Fate.DELIVERED)
    world.add(Fate.ABORTED)
    world.end()
    settlement = settle_without_stack(world.inputs())
    assert [record.outcome for record in settlement.records] == [Outcome.IN_FLIGHT, Outcome.ABORTED]
    assert settlement.records[0].cause == "stack_lost"
    assert not settlement.evidence_complete
    assert settlement.conservation_ok


class TestRepeatedKeys:
    """One key, several uploads: each has its own version, row and outcome."""

    KEY = "customer-0/incoming/daily.csv"

    def _upload(self, world: World, number: int) -> str:
        """Upload the key once more; return the `file_id`."""
        at = T0 + 10 * number
        ledger_id, _ = world.offer(self.KEY, at=at)
        world.start(ledger_id, at)
        world.acknowledge(ledger_id, at + 1, f"content {number}")
        world.close(self.KEY, f"v{number}", at + 0.9)
        return file_id_of(self.KEY, f"v{number}")

    def test_each_upload_has_its_own_version(self, world: World) -> None:
        for number in (0, 1):
            file_id = self._upload(world, number)
            world.deliver(self.KEY, f"d{number}", f"content {number}", T0 + 10 * number + 2)
            world.row(file_id, "transferred", T0 + 10 * number + 1, destination_version_id=f"d{number}")
        world.end()
        settlement = world.settle()
        assert [record.version_id for record in settlement.records] == ["v0", "v1"]
        assert settlement.conservation_ok

    def test_a_second_copy_of_the_newer_one_is_a_duplicate_of_it(self, world: World) -> None:
        older, newer = self._upload(world, 0), self._upload(world, 1)
        world.row(older, "superseded", T0)
        world.row(newer, "transferred", T0, destination_version_id="d1")
        world.deliver(self.KEY, "d1", "content 1", T0 + 20)
        world.deliver(self.KEY, "d2", "content 1", T0 + 21)
        world.end()
        settlement = world.settle()
        assert [r.outcome for r in settlement.records] == [Outcome.SUPERSEDED, Outcome.DELIVERED]
        assert [r.destination_versions for r in settlement.records] == [0, 2]
        assert settlement.counts["duplicated"] == 1

    def test_the_tag_says_whose_version_it_is_whatever_the_rows_say(self, world: World) -> None:
        older, newer = self._upload(world, 0), self._upload(world, 1)
        world.row(newer, "transferred", T0, destination_version_id="d1")
        world.deliver(self.KEY, "d0", "content 0", T0 + 20, tag=older)
        world.deliver(self.KEY, "d1", "content 1", T0 + 21, tag=newer)
        world.end()
        records = world.settle().records
        assert [record.destination_versions for record in records] == [1, 1]
        assert records[0].cause == "row_missing"

    def test_a_delivered_file_whose_row_says_failed_is_told(self, world: World) -> None:
        file_id = self._upload(world, 0)
        world.row(file_id, "failed", T0)
        world.deliver(self.KEY, "d0", "content 0", T0 + 20, tag=file_id)
        world.end()
        settlement = world.settle()
        assert settlement.records[0].outcome is Outcome.DELIVERED
        assert "1 files were delivered although their row says failed." in settlement.notes

    def test_a_version_with_neither_row_nor_tag_goes_by_its_bytes(self, world: World) -> None:
        self._upload(world, 0)
        self._upload(world, 1)
        world.deliver(self.KEY, "d1", "content 1", T0 + 20)
        world.end()
        assert [r.outcome for r in world.settle().records] == [Outcome.LOST, Outcome.DELIVERED]

    def test_what_an_earlier_run_left_under_the_key_is_not_of_this_run(self, world: World) -> None:
        file_id = self._upload(world, 0)
        world.close(self.KEY, "old", T0 - 500)
        world.deliver(self.KEY, "d-old", "old content", T0 - 499)
        world.deliver(self.KEY, "d0", "content 0", T0 + 2)
        world.row(file_id, "transferred", T0 + 1, destination_version_id="d0")
        world.end()
        settlement = world.settle()
        assert settlement.conservation_ok
        assert settlement.records[0].version_id == "v0"

    def test_an_upload_that_the_ledger_does_not_know_is_said_and_not_a_duplicate(self, world: World) -> None:
        known = self._upload(world, 0)
        world.close(self.KEY, "extra", T0 + 5)
        extra = file_id_of(self.KEY, "extra")
        for number, file_id in enumerate((known, extra)):
            world.deliver(self.KEY, f"d{number}", "content 0", T0 + 6 + number)
            world.row(file_id, "transferred", T0 + 5, destination_version_id=f"d{number}")
        world.end()
        settlement = world.settle()
        assert settlement.counts["duplicated"] == 0
        assert settlement.notes == ["1 objects on the run's keys are in no line of the ledger."]

    def test_an_answer_that_got_lost_between_two_others_finds_its_own_version(self, world: World) -> None:
        self._upload(world, 0)
        lost_answer, _ = world.offer(self.KEY, at=T0 + 10)
        world.start(lost_answer, T0 + 10)
        world.line("aborted", id=lost_answer, at=T0 + 12, cause="ConnectionLost")
        world.close(self.KEY, "v1", T0 + 11)
        self._upload(world, 2)
        world.end()
        settlement = world.settle()
        assert [record.version_id for record in settlement.records] == ["v0", "v1", "v2"]
        assert settlement.counts["uploaded"] == 3


class ForgetfulWorld(World):
    """Delivered versions vanish between the listing and the reading."""

    def read_back(self, versions, progress) -> None:
        return


def test_bytes_that_could_not_be_read_back_are_not_called_verified(tmp_path: Path) -> None:
    world = ForgetfulWorld(tmp_path)
    world.add(Fate.DELIVERED)
    world.end()
    settlement = world.settle()
    assert settlement.unverified == 1
    assert settlement.notes == ["1 delivered files could not be read back and hashed."]


def test_a_generator_that_stopped_early_is_told(world: World) -> None:
    world.add(Fate.DELIVERED)
    world.line("end", offered=1, at=T0, reason="disk_full")
    assert world.settle().notes == ["The generator stopped early: disk_full."]


def test_a_torn_ledger_is_settled_with_a_note(world: World) -> None:
    world.add(Fate.DELIVERED)
    with (world.ledger_dir / "ledger-0.jsonl").open("a") as file:
        file.write('{"e":"offered","id":"run-1-00')
    settlement = world.settle()
    assert settlement.counts["offered"] == 1
    assert settlement.notes == [
        "The generator ended without its last line, so its ledger may be short.",
        "The last line was torn in: ledger-0.jsonl.",
    ]


def test_uploads_that_the_ledger_had_no_room_for_are_told(world: World) -> None:
    world.add(Fate.DELIVERED)
    for number in (7, 8):
        world.close(f"customer-1/incoming/{identity.ledger_id(RUN_ID, number)}.csv", f"v{number}", T0 + 30)
    world.close(f"customer-1/incoming/{identity.ledger_id('another-run', 1)}.csv", "v1", T0 + 30)
    world.close(f"customer-0/incoming/{identity.ledger_id(RUN_ID, 0)}.csv.part", "v0", T0 + 30)
    world.line("end", offered=1, at=T0, reason="ledger_failed")
    settlement = world.settle()
    assert settlement.counts["offered"] == 1
    assert "2 files were uploaded, and no line of the ledger has them: nothing here counts them." in (
        settlement.notes
    )


def test_the_world_of_the_tests_is_complete() -> None:
    """Each outcome is the end of at least one fate, or else these tests prove little."""
    assert set(OUTCOMES.values()) == set(Outcome)
    assert set(OUTCOMES) == set(Fate)
    assert isinstance(QueueView(0).messages, type(None))
    assert Joined([], UploadsByKey([])).extra_file_ids == {}
