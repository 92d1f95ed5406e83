from __future__ import annotations

from collections import Counter
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from harness.load import Workload
from harness.load.config import Login
from harness.load.plan import Arrival, Plan, object_key

pytestmark = pytest.mark.unit

LOGINS = [Login(name=f"customer-{number}", private_key_file=Path("key")) for number in range(10)]


def arrivals(seed: int = 1, **changes: Any) -> list[Arrival]:
    workload = Workload.model_validate({"description": "own", "rate_per_s": 10.0, "files": 500} | changes)
    return list(Plan("run", seed, workload, LOGINS, "source").arrivals())


def test_the_same_seed_is_the_same_plan_and_another_is_not():
    assert arrivals(fresh_session_share=0.5) == arrivals(fresh_session_share=0.5)
    assert arrivals(seed=1) != arrivals(seed=2)


def test_another_rate_offers_the_same_files_at_other_times():
    slow, fast = arrivals(rate_per_s=1.0), arrivals(rate_per_s=100.0)
    assert [(a.key, a.size_bytes) for a in slow] == [(a.key, a.size_bytes) for a in fast]
    assert slow[-1].offset_s == pytest.approx(100 * fast[-1].offset_s)


def test_files_and_minutes_end_the_plan_whichever_comes_first():
    assert len(arrivals(files=7)) == 7
    by_time = arrivals(files=None, minutes=1.0, arrivals="constant")
    assert len(by_time) == 600
    assert by_time[-1].offset_s < 60.0
    assert len(arrivals(files=7, minutes=1.0)) == 7
    assert len(arrivals(files=10_000, minutes=1.0, arrivals="constant")) == 600


def test_ids_are_unique_and_part_of_the_key():
    plan = arrivals()
    assert [a.sequence for a in plan] == list(range(1, 501))
    assert len({a.ledger_id for a in plan}) == 500
    assert all(a.key == f"{a.customer_id}/incoming/{a.ledger_id}.csv" for a in plan)
    assert plan[0].path == "/incoming/run-0000001.csv"


def test_customers_are_as_many_as_asked_and_share_evenly():
    counts = Counter(a.customer_id for a in arrivals(files=50_000, customers=5))
    assert set(counts) == {login.name for login in LOGINS[:5]}
    assert all(count == pytest.approx(10_000, rel=0.03) for count in counts.values())


def test_a_stack_with_fewer_customers_uses_all_of_them():
    assert len({a.customer_id for a in arrivals(customers=1000)}) == len(LOGINS)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_share_of_fresh_sessions_is_kept(share):
    fresh = mean(a.fresh_session for a in arrivals(files=5000, fresh_session_share=share))
    assert fresh == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize(
    ("home", "path", "key"),
    [
        ("/", "/incoming/a.csv", "acme/incoming/a.csv"),
        ("/inbox", "/inbox/incoming/a.csv", "acme/inbox/incoming/a.csv"),
        ("/source/acme", "/source/acme/incoming/a.csv", "acme/incoming/a.csv"),
        ("/source", "/source/incoming/a.csv", "incoming/a.csv"),
        ("/source-of-joy", "/source-of-joy/a.csv", "acme/source-of-joy/a.csv"),
    ],
)
def test_the_key_behind_a_path(home, path, key):
    login = Login(name="acme", private_key_file=Path("key"), home=home)
    assert object_key(login, path, "source") == key
