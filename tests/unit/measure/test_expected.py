"""Files that should end otherwise than delivered: as expected, or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.exceptions import SettleError
from harness.exit_codes import ExitCode
from harness.measure.expected import Kind, judge
from harness.measure.records import Outcome
from harness.measure.verdict import Allowed, Verdict, decide
from tests.unit.measure.builders import Fate, World, record

pytestmark = pytest.mark.unit

POISON = {"kind": "poison", "expects": "failed"}
DYING = {"kind": "aborted", "expects": "aborted"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    for _ in range(3):
        world.add(Fate.DELIVERED)
    return world


def test_plain_files_that_are_delivered_are_as_expected_and_need_no_words(world: World) -> None:
    world.end()
    settlement = world.settle()
    assert (settlement.counts["as_expected"], settlement.counts["unexpected"]) == (3, 0)
    assert settlement.expected.kinds == []


@pytest.mark.parametrize(
    ("fate", "marks"),
    [
        (Fate.FAILED, POISON),
        (Fate.FAILED_AND_DLQ, POISON),
        (Fate.DLQ, POISON),
        (Fate.ABORTED, DYING),
        (Fate.PARTIAL_QUARANTINED, DYING),
        (Fate.UPLOAD_FAILED, {"kind": "own", "expects": "upload_failed"}),
        (Fate.SUPERSEDED, {"kind": "own", "expects": "superseded"}),
        (Fate.DELIVERED, {"kind": "own", "expects": "any"}),
        (Fate.FAILED, {"kind": "own", "expects": "any"}),
    ],
)
def test_what_ends_as_it_should_is_no_failure(world: World, fate: Fate, marks: dict[str, str]) -> None:
    world.add(fate, **marks)
    world.end()
    settlement = world.settle()
    assert (settlement.counts["as_expected"], settlement.counts["unexpected"]) == (4, 0)
    assert settlement.failures == []
    assert decide(settlement) == (Verdict.PASSED, ExitCode.PASSED, [], False)


@pytest.mark.parametrize(
    ("fate", "marks", "reason"),
    [
        (Fate.DELIVERED, POISON, "1 poison files ended as delivered, but failed was expected"),
        (Fate.SUPERSEDED, POISON, "1 poison files ended as superseded, but failed was expected"),
        (Fate.DELIVERED, DYING, "1 aborted files ended as delivered, but aborted was expected"),
        (Fate.ABORTED, POISON, "1 files aborted, 0 allowed"),
        (Fate.FAILED, DYING, "1 files failed, 0 allowed"),
        (Fate.IN_QUEUE, {"kind": "own", "expects": "any"}, "1 files in_flight, 0 allowed"),
    ],
)
def test_what_ends_otherwise_fails_the_run(
    world: World, fate: Fate, marks: dict[str, str], reason: str
) -> None:
    world.add(fate, **marks)
    world.end()
    settlement = world.settle()
    assert settlement.counts["unexpected"] == 1
    decision = decide(settlement)
    assert (decision.verdict, decision.reasons) == (Verdict.FAILED, [reason])


def test_a_failure_beside_expected_ones_is_still_one(world: World) -> None:
    world.add(Fate.FAILED, **POISON)
    world.add(Fate.FAILED)
    world.end()
    settlement = world.settle()
    assert decide(settlement).reasons == ["1 files failed, 0 allowed, besides 1 that were to"]
    assert decide(settlement, allowed=Allowed(failed=1)).verdict is Verdict.PASSED
    assert [failure.count for failure in settlement.failures] == [1]


@pytest.mark.parametrize("expects", ["failed", "any"])
def test_nothing_excuses_a_lost_file(world: World, expects: str) -> None:
    world.add(Fate.LOST, kind="own", expects=expects)
    world.end()
    settlement = world.settle()
    assert settlement.counts["unexpected"] == 1
    assert decide(settlement).verdict is Verdict.CONSERVATION_BROKEN


def test_wrong_bytes_and_second_copies_are_never_as_expected() -> None:
    bad = [record(corrupted=True, expects="any"), record(destination_versions=2), record(corrupted=True)]
    assert (judge(bad).as_expected, judge(bad).unexpected) == (0, 3)


def test_only_an_upload_that_another_has_replaced_may_be_superseded(world: World) -> None:
    world.add(Fate.SUPERSEDED, "customer-0/incoming/daily.csv")
    world.add(Fate.DELIVERED, "customer-0/incoming/daily.csv", kind="duplicate")
    world.end()
    settlement = world.settle()
    assert (settlement.counts["superseded"], settlement.counts["unexpected"]) == (1, 0)
    assert decide(settlement).verdict is Verdict.PASSED


def test_the_last_upload_of_a_key_must_be_delivered(world: World) -> None:
    world.add(Fate.DELIVERED, "customer-0/incoming/daily.csv")
    world.add(Fate.SUPERSEDED, "customer-0/incoming/daily.csv", kind="duplicate")
    world.end()
    settlement = world.settle()
    assert settlement.counts["unexpected"] == 1
    assert decide(settlement).reasons == ["1 duplicate files ended as superseded, but delivered was expected"]


def test_kinds_tell_what_became_of_each(world: World) -> None:
    world.add(Fate.FAILED, **POISON)
    world.add(Fate.DELIVERED, **POISON)
    world.add(Fate.ABORTED, **DYING)
    world.end()
    assert world.settle().expected.kinds == [
        Kind("aborted", "aborted", 1, 1, {"aborted": 1}, {"ConnectionLost": 1}),
        Kind("plain", "delivered", 3, 3, {"delivered": 3}, {}),
        Kind("poison", "failed", 2, 1, {"delivered": 1, "failed": 1}, {"AccessDenied": 1}),
    ]


def test_an_end_that_is_not_known_is_refused(world: World) -> None:
    world.add(Fate.DELIVERED, kind="own", expects="splendid")
    world.end()
    with pytest.raises(SettleError, match="splendid"):
        world.settle()


def test_records_say_what_they_are(world: World) -> None:
    world.add(Fate.FAILED, **POISON)
    world.end()
    last = world.settle().records[-1]
    assert (last.kind, last.expects, last.outcome) == ("poison", "failed", Outcome.FAILED)
