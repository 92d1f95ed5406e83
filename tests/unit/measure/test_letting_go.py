"""Settling lets go of plainly delivered files on the way; nothing that it says may change by that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harness.exceptions import StackLostError
from harness.measure.classify import classify, classify_away
from harness.measure.evidence import Evidence
from harness.measure.follow import Follower
from harness.measure.gather import gather
from harness.measure.joining import SETTLED, Joined
from harness.measure.ledger import LedgerReader
from harness.measure.rows import Row
from harness.measure.settle import read_ledger, settle, settle_without_stack
from harness.measure.settlement import conclude

from .builders import DESCRIPTION, ENGINE, SOURCE, T0, Fate, World, file_id_of

pytestmark = pytest.mark.unit


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Every fate twice, and a key that was uploaded and delivered three times."""
    world = World(tmp_path)
    for fate in (*Fate, *Fate):
        world.add(fate)
    for number in range(3):
        ledger_id, key = world.offer("repeated.csv", at=T0 + 500 + number)
        version_id = f"r{number}"
        world.start(ledger_id, T0 + 500 + number)
        world.acknowledge(ledger_id, T0 + 500.2 + number, f"content {number}")
        world.close(key, version_id, T0 + 500.1 + number)
        world.deliver(key, f"d-{version_id}", f"content {number}", T0 + 501 + number)
        world.row(
            file_id_of(key, version_id),
            "transferred",
            T0 + 500.3 + number,
            destination_version_id=f"d-{version_id}",
        )
    world.end()
    return world


class DyingWorld(World):
    """A stack that is gone when its rows are asked for."""

    def rows(self, file_ids: Iterable[str]) -> Mapping[str, Row]:
        raise StackLostError("gone")


def look(world: World) -> tuple[LedgerReader, Joined, Evidence]:
    ledger, joined = read_ledger(world.inputs())
    return ledger, joined, gather(joined, world, SOURCE, since=T0, progress=lambda _: None)


def test_records_and_figures_are_those_of_settling_without(world: World) -> None:
    ledger, joined, evidence = look(world)
    kept = conclude(ledger, joined, classify(joined, evidence), DESCRIPTION, evidence)
    ledger, joined, evidence = look(world)
    let_go = conclude(ledger, joined, classify_away(joined, evidence), DESCRIPTION, evidence)
    assert let_go.records == kept.records
    assert let_go == kept


def test_only_plainly_delivered_files_are_let_go(world: World) -> None:
    _, joined, evidence = look(world)
    records = classify_away(joined, evidence)
    gone = [record for record, upload in zip(records, joined.uploads, strict=True) if upload is SETTLED]
    assert gone
    assert {record.outcome for record in gone} == {"delivered"}
    assert not any(record.partial or record.key == "repeated.csv" for record in gone)
    assert not any(record.key in evidence.destination for record in gone)
    assert not any(record.file_id in evidence.rows for record in gone)


def test_a_stack_that_is_lost_late_is_settled_from_the_folder(world: World, tmp_path: Path) -> None:
    inputs = replace(
        world.inputs(), follower=Follower(ENGINE, DESCRIPTION, world.ledger_dir, world.uploads_file)
    )
    with pytest.raises(StackLostError):
        settle(inputs, wait_s=0, progress=print, source=DyingWorld(tmp_path / "dying"), pause=lambda _: None)
    settlement = settle_without_stack(inputs)
    assert len(settlement.records) == settlement.counts["offered"] == world.offered
    assert settlement.counts["lost"] == 0
