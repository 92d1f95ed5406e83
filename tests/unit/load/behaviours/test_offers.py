"""What behaviours make of the files on offer, without sending one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.exceptions import UsageError
from harness.load import Workload
from harness.load.behaviours.model import Aborted, Behaviour, Duplicate, Poison, Slow, TempRename
from harness.load.behaviours.poison import unrefused
from harness.load.config import Login
from harness.load.plan import Arrival, Plan
from harness.load.workload import problems_as_usage_error

pytestmark = pytest.mark.unit

LOGINS = [Login(name=f"customer-{number}", private_key_file=Path("key")) for number in range(10)]


def workload(*behaviours: Behaviour | dict[str, Any], **changes: Any) -> Workload:
    given = {"description": "own", "rate_per_s": 10.0, "files": 2000, "behaviours": behaviours}
    with problems_as_usage_error("wrong"):
        return Workload.model_validate(given | changes)


def arrivals(*behaviours: Behaviour | dict[str, Any], **changes: Any) -> list[Arrival]:
    return list(Plan("run", 1, workload(*behaviours, **changes), LOGINS, "source").arrivals())


def test_each_kind_gets_its_share_and_the_rest_is_plain():
    kinds = Counter(a.kind for a in arrivals(Slow(share=0.1), Aborted(share=0.3)))
    assert kinds["slow"] == pytest.approx(200, rel=0.2)
    assert kinds["aborted"] == pytest.approx(600, rel=0.1)
    assert kinds.total() == 2000
    assert set(kinds) == {"slow", "aborted", "plain"}


def test_behaviours_leave_times_sizes_and_customers_as_they_are():
    plain, treated = arrivals(), arrivals(Slow(share=0.5))
    assert [(a.offset_s, a.size_bytes, a.customer_id) for a in plain] == [
        (a.offset_s, a.size_bytes, a.customer_id) for a in treated
    ]


def test_each_poison_file_has_a_name_that_one_rule_refuses():
    poisoned = arrivals(Poison(share=1.0, ways=("control_name", "long_name", "blank_name", "marked_name")))
    names = [a.path.rsplit("/", 1)[1] for a in poisoned[:4]]
    assert "\x7f" in names[0]
    assert len(names[1].encode()) > 255
    assert not names[2].strip()
    assert names[3].endswith(".poison.csv")
    assert all(a.expects == "failed" and a.key == f"{a.customer_id}{a.path}" for a in poisoned)
    assert len({a.key for a in poisoned}) == len(poisoned)
    assert all(a.ledger_id in a.key for a in poisoned)


def test_a_poisoned_table_keeps_its_name_and_has_room_for_a_wrong_record():
    poisoned = arrivals(Poison(share=1.0, ways=("ragged_csv",)), sizes=({"min_bytes": 1, "max_bytes": 100},))
    assert all(a.ragged and a.size_bytes >= 512 and a.path.endswith(f"{a.ledger_id}.csv") for a in poisoned)


def test_a_renamed_file_has_another_name_first():
    first = arrivals(TempRename(share=1.0, suffix=".part"))[0]
    assert first.temp_suffix == ".part"
    assert first.path.endswith(".csv")


def test_a_client_that_dies_has_a_session_of_its_own():
    assert all(a.fresh_session and a.expects == "aborted" for a in arrivals(Aborted(share=1.0)))


@pytest.mark.parametrize("content", ["same", "other"])
def test_a_duplicate_is_an_earlier_file_again(content: str):
    plan = arrivals({"kind": "duplicate", "share": 0.3, "after_s": 2.0, "content": content})
    originals = {a.key: a for a in plan if a.kind == "plain"}
    duplicates = [a for a in plan if a.kind == "duplicate"]
    assert len(duplicates) == pytest.approx(600, rel=0.15)
    for again in duplicates:
        original = originals[again.key]
        assert again.path == original.path
        assert again.customer_id == original.customer_id
        assert again.offset_s >= original.offset_s + 2.0
        assert again.ledger_id not in again.key
        same = (again.size_bytes, again.content_sequence) == (original.size_bytes, original.sequence)
        assert same is (content == "same")


def test_nothing_can_be_sent_again_before_something_was_sent():
    plan = arrivals(Duplicate(share=1.0))
    assert {a.kind for a in plan} == {"plain"}


@pytest.mark.parametrize(
    ("behaviours", "problem"),
    [
        ([{"kind": "slow", "share": 0.6}, {"kind": "aborted", "share": 0.5}], "1.1"),
        ([{"kind": "slow", "share": 0.1}, {"kind": "slow", "share": 0.1}], "slow is given more than once"),
        ([{"kind": "slow", "share": 0.0}], "share"),
        ([{"kind": "aborted", "share": 0.1, "sent_share": 1.0}], "sent_share"),
        ([{"kind": "poison", "share": 0.1, "ways": ["worse"]}], "ways"),
        ([{"kind": "temp_rename", "share": 0.1, "suffix": "a/b"}], "suffix"),
        ([{"kind": "polite", "share": 0.1}], "polite"),
    ],
)
def test_what_cannot_be_is_refused(behaviours: list[dict[str, Any]], problem: str):
    with pytest.raises(UsageError, match=problem):
        workload(*behaviours)


@pytest.mark.parametrize(
    ("way", "route", "parameters", "has_faults", "refused"),
    [
        ("control_name", "nested", {}, False, True),
        ("long_name", "queued-nested", {}, False, True),
        ("blank_name", "queued", {}, False, False),
        ("ragged_csv", "nested", {}, False, False),
        ("ragged_csv", "nested", {"Transform": "csv"}, False, True),
        ("ragged_csv", "direct", {"Transform": "csv"}, False, False),
        ("marked_name", "queued", {}, False, False),
        ("marked_name", "queued", {}, True, True),
    ],
)
def test_poison_that_nothing_would_refuse_is_told(way, route, parameters, has_faults, refused):
    problems = unrefused(Poison(share=0.1, ways=(way,)), route, parameters, has_faults=has_faults)
    assert (problems == []) is refused
    assert all(way in problem for problem in problems)
