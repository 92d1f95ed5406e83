"""Uploads that broke off and left an object: never delivered, lost, duplicated or whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.measure.ledger import LedgerReader
from harness.measure.records import Outcome
from harness.measure.thresholds import METRICS
from harness.measure.uploads import PartialUpload, UploadsReader
from tests.unit.measure.builders import SOURCE, T0, Fate, World, file_id_of

pytestmark = pytest.mark.unit

KEY = "customer-0/incoming/daily.csv"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_one_in_quarantine_is_aborted_and_told(world: World) -> None:
    world.add(Fate.DELIVERED)
    world.add(Fate.PARTIAL_QUARANTINED)
    world.end()
    settlement = world.settle()
    assert settlement.conservation_ok
    assert settlement.counts["partial"] == settlement.counts["aborted"] == 1
    assert (settlement.counts["uploaded"], settlement.counts["failed"]) == (1, 0)
    assert settlement.notes == ["1 uploads broke off and left a part of the file in the source bucket."]
    (_, record) = settlement.records
    assert (record.partial, record.outcome, record.version_id) == (
        True,
        Outcome.ABORTED,
        f"v-{record.ledger_id}",
    )


def test_one_that_no_row_marks_is_told(world: World) -> None:
    world.add(Fate.PARTIAL_UNMARKED)
    world.end()
    assert "nothing keeps them from being delivered" in world.settle().notes[-1]


@pytest.mark.parametrize("fate", [Fate.PARTIAL_MISSED, Fate.PARTIAL_BUT_ALL_BYTES])
def test_one_that_is_delivered_is_corrupted(world: World, fate: Fate) -> None:
    world.add(fate)
    world.end()
    settlement = world.settle()
    assert settlement.problems == ["1 files corrupted"]
    (record,) = settlement.records
    assert "a partial upload was delivered as a whole file" in (record.error_message or "")


class SlowQuarantine(World):
    """The copy is taken away between the first look and the second."""

    def destination(self, keys):
        found = super().destination(keys)
        self.at_destination.clear()
        return found


def test_one_that_the_quarantine_is_about_to_take_away_is_looked_at_twice(tmp_path: Path) -> None:
    world = SlowQuarantine(tmp_path)
    world.add(Fate.PARTIAL_MISSED)
    world.end()
    settlement = world.settle()
    assert settlement.conservation_ok
    assert settlement.counts["aborted"] == 1


def _attempt(world: World, at: float) -> str:
    ledger_id, _ = world.offer(KEY, at=at)
    world.start(ledger_id, at)
    return ledger_id


def test_the_whole_file_that_follows_under_the_same_key_is_delivered(world: World) -> None:
    broken, whole = _attempt(world, T0), _attempt(world, T0 + 5)
    world.line("aborted", id=broken, at=T0 + 1, cause="ConnectionLost")
    world.keep(KEY, "v1", T0 + 1.1)
    world.acknowledge(whole, T0 + 6, "all of it")
    world.close(KEY, "v2", T0 + 5.9)
    world.row(file_id_of(KEY, "v1"), "failed", T0 + 2, error_type="PartialUpload")
    world.row(file_id_of(KEY, "v2"), "transferred", T0 + 7, destination_version_id="d2")
    world.deliver(KEY, "d2", "all of it", T0 + 7)
    world.end()
    settlement = world.settle()
    assert settlement.conservation_ok
    assert [record.outcome for record in settlement.records] == [Outcome.ABORTED, Outcome.DELIVERED]
    assert [record.version_id for record in settlement.records] == ["v1", "v2"]


def test_each_broken_upload_of_a_key_gets_the_part_that_it_left(world: World) -> None:
    first, second = _attempt(world, T0), _attempt(world, T0 + 10)
    for number, ledger_id in enumerate((first, second)):
        world.line("aborted", id=ledger_id, at=T0 + 10 * number + 1, cause="ConnectionLost")
    world.keep(KEY, "v2", T0 + 11.2)
    world.end()
    assert [record.version_id for record in world.settle().records] == [None, "v2"]


def test_a_part_that_nobody_in_the_ledger_left_takes_no_version_from_others(world: World) -> None:
    whole = _attempt(world, T0)
    world.acknowledge(whole, T0 + 1, "all of it")
    world.close(KEY, "v1", T0 + 0.9)
    world.keep(KEY, "v2", T0 + 2)
    world.row(file_id_of(KEY, "v1"), "transferred", T0 + 2, destination_version_id="d1")
    world.deliver(KEY, "d1", "all of it", T0 + 2)
    world.end()
    settlement = world.settle()
    assert (settlement.counts["delivered"], settlement.counts["partial"]) == (1, 0)
    assert settlement.notes == ["1 objects on the run's keys are in no line of the ledger."]


def test_the_servers_line_is_read(world: World) -> None:
    world.keep(KEY, "v1", T0)
    (event,) = UploadsReader(world.uploads_file, SOURCE).poll()
    assert event == PartialUpload(KEY, "v1", 4, T0, "the connection was lost")
    assert "files.partial" in METRICS
    assert LedgerReader(world.ledger_dir).poll() == []
