"""A trace before and during a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.exceptions import UsageError
from harness.load import Workload
from harness.load.config import Login
from harness.load.plan import Arrival, Plan
from harness.load.profiles.model import Trace
from harness.load.traces.replay import replay
from harness.load.traces.survey import Survey, survey

pytestmark = pytest.mark.unit

LOGINS = [Login(name=f"customer-{number}", private_key_file=Path("key")) for number in range(3)]
DAY = "time,size_bytes,customer\n100,10,acme\n101,20,beta\n103,30,acme\n102,0,gamma\n200,50,delta\n"


@pytest.fixture
def day(tmp_path: Path) -> Path:
    path = tmp_path / "day.csv"
    path.write_text(DAY)
    return path


def trace(path: Path, **fields: Any) -> Trace:
    return Trace.model_validate({"kind": "trace", "path": str(path)} | fields)


def arrivals(path: Path, changes: dict[str, Any] | None = None, **fields: Any) -> list[Arrival]:
    profile = {"kind": "trace", "path": str(path)} | fields
    workload = Workload.model_validate({"description": "own", "profile": profile} | (changes or {}))
    return list(Plan("run", 1, workload, LOGINS, "source").arrivals())


def found_in(path: Path, **fields: Any) -> Survey:
    return survey(trace(path, **fields))


def test_arrivals_sizes_and_customers_are_those_of_the_trace(day):
    found = arrivals(day)
    assert [arrival.offset_s for arrival in found] == [0, 1, 2, 3, 100]
    assert [arrival.size_bytes for arrival in found] == [10, 20, 0, 30, 50]
    assert [arrival.customer_id for arrival in found] == [
        "customer-0",
        "customer-1",
        "customer-2",
        "customer-0",
        "customer-0",  # delta is the fourth of three
    ]
    assert [arrival.sequence for arrival in found] == [1, 2, 3, 4, 5]


def test_speed_and_shortened_gaps(day):
    assert [row.offset_s for row in replay(trace(day, speed=10.0))] == pytest.approx([0, 0.1, 0.2, 0.3, 10])
    found = replay(trace(day, longest_gap_s=7.0, speed=2.0))
    assert [row.offset_s for row in found] == pytest.approx([0, 0.5, 1, 1.5, 5])


def test_what_the_trace_does_not_say_is_drawn_as_in_any_load(tmp_path):
    path = tmp_path / "bare.csv"
    path.write_text("time\n" + "".join(f"{second}\n" for second in range(50)))
    found = arrivals(path, {"behaviours": [{"kind": "slow", "share": 0.5}]})
    assert len({arrival.size_bytes for arrival in found}) > 30
    assert len({arrival.customer_id for arrival in found}) == 3
    assert {arrival.kind for arrival in found} == {"plain", "slow"}


def test_minutes_and_files_end_a_trace_early(day):
    assert len(arrivals(day, {"files": 2})) == 2
    assert len(arrivals(day, {"minutes": 0.05})) == 3


def test_a_survey_says_what_is_in_the_trace(day):
    told = "\n".join(found_in(day).notices(logins=3))
    assert "5 files in 0:01:40, 110 bytes" in told
    assert "1 rows came late and were put in order" in told
    assert "gaps without files, kept: 0:01:37 after 3.0 s" in told
    assert "4 customers share 3 logins; --set customers=4" in told


def test_a_survey_of_a_trace_with_nothing_to_say_has_one_line(tmp_path):
    path = tmp_path / "even.csv"
    path.write_text("time,size_bytes\n" + "".join(f"{second},5\n" for second in range(100)))
    assert found_in(path).notices(logins=1) == ["trace: 100 files in 0:01:39, 500 bytes"]


def test_bad_rows_are_refused_all_at_once_or_left_out_and_told(day):
    day.write_text(DAY + "soon,1,x\n201,much,x\n202,5,x\n")
    with pytest.raises(UsageError, match=r"has 2 bad rows: row 7: 'soon' is no time.*; row 8: 'much' is no"):
        found_in(day)
    assert "2 rows were left out: row 7: " in "\n".join(found_in(day, bad_rows="skip").notices(9))
    assert len(arrivals(day, bad_rows="skip")) == 6


def test_many_bad_rows_are_counted_and_a_few_shown(day):
    day.write_text("time\n" + "soon\n" * 1000)
    with pytest.raises(UsageError, match=r"has 1,000 bad rows: .*; …") as told:
        found_in(day)
    assert told.value.message.count("soon") == 10


def test_too_much_disorder_and_no_rows_are_refused(day):
    day.write_text("time\n3\n4\n5\n1\n")
    with pytest.raises(UsageError, match="row 5 belongs more than 1 rows earlier"):
        found_in(day, disorder_rows=1)
    day.write_text("time\n")
    with pytest.raises(UsageError, match="has no rows"):
        found_in(day)


def test_a_trace_that_has_changed_since_its_survey_is_told(day):
    found_in(day)
    day.write_text("time\nsoon\n")
    with pytest.raises(UsageError, match="has changed since it was looked through: row 2"):
        arrivals(day)
