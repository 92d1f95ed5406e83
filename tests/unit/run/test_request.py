from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.exceptions import UsageError
from harness.load import catalogue
from harness.run.options import RunOptions
from harness.run.request import requested

pytestmark = pytest.mark.unit

OWN = """\
description: own
rate_per_s: 2
files: 3
route: nested
faults: ["s3.events:duplicate@5%"]
thresholds: ["files.lost == 0"]
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    (tmp_path / "own.yaml").write_text(OWN)
    return str(tmp_path / "own.yaml")


def test_the_workload_chooses_route_and_faults(own):
    options = requested(RunOptions(own)).options
    assert options.route == "nested"
    assert options.fault_texts == ("s3.events:duplicate@5%",)


def test_the_route_of_the_command_line_wins_and_faults_and_thresholds_are_added(own):
    options = RunOptions(
        own,
        route="ecs",
        fault_texts=["s3.CopyObject:SlowDown@1%"],
        threshold_texts=["end_to_end.p99 < 5s"],
    )
    asked = requested(options)
    assert asked.options.route == "ecs"
    assert asked.options.fault_texts == ("s3.events:duplicate@5%", "s3.CopyObject:SlowDown@1%")
    assert [threshold.text for threshold in asked.thresholds] == ["files.lost == 0", "end_to_end.p99 < 5s"]


def test_numbers_of_the_command_line_win_over_what_is_set(own):
    asked = requested(RunOptions(own, rate=7.0, minutes=2.0, settings=["customers=9", "rate_per_s=5"]))
    workload = asked.workload
    assert (workload.rate_per_s, workload.minutes, workload.files, workload.customers) == (7.0, 2.0, None, 9)


def test_a_trace_that_is_set_lies_below_the_current_folder(own, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "day.csv").write_text("time,size_bytes\n0,10\n1,10\n")
    asked = requested(RunOptions(own, settings=["profile={kind: trace, path: day.csv}"]))
    assert asked.workload.profile.path == str(tmp_path / "day.csv")  # type: ignore[union-attr]


def test_the_file_and_the_options_are_told_together(own, tmp_path):
    Path(own).write_text(OWN.replace("nested", "nowhere").replace("files.lost", "files.lots"))
    with pytest.raises(UsageError) as told:
        requested(RunOptions(own, seed=-1, rate=0))
    for part in (
        "--seed",
        "--rate",
        "line 4, route: there is no route 'nowhere'; known: queued",
        "line 6, thresholds.0:",
    ):
        assert part in told.value.message


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (RunOptions("smoke", threshold_texts=["nope"]), "nope"),
        (RunOptions("smoke", settings=["route=nowhere", "thresholds=[x]"]), r"route: .*; thresholds\.0: "),
        (RunOptions("smoke", settings=["faults=[x]"]), r"faults\.0: "),
        (RunOptions("smoke", settings=["customers=0"]), "customers: Input should be greater than 0"),
    ],
)
def test_what_the_command_line_says_wrongly_is_told(options, told):
    with pytest.raises(UsageError, match=told):
        requested(options)


@pytest.mark.parametrize("name", catalogue.names())
def test_every_scenario_that_comes_along_can_be_asked_for(name):
    asked = requested(RunOptions(name))
    assert asked.thresholds
    assert len(asked.workload.description) < 110


def test_a_trace_is_looked_through_before_the_run():
    assert "575 files in 0:59:48, replayed 30 times as fast" in requested(RunOptions("replay")).notices[0]


def test_a_trace_that_would_take_years_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mixed.csv").write_text("time\n0\n2026-03-29T02:00:00Z\n")
    asked = RunOptions("replay", settings=["profile={kind: trace, path: mixed.csv}"])
    with pytest.raises(UsageError, match=r"would take 20,541 days"):
        requested(asked)
    for setting in ("profile.longest_gap_s=5", "profile.speed=1e6", "minutes=1"):
        assert requested(replace(asked, settings=[*asked.settings, setting])).notices


def test_no_more_logins_are_suggested_than_a_stack_can_have(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{number},c{number}\n" for number in range(10_001))
    (tmp_path / "many.csv").write_text(f"time,customer\n{rows}")
    notices = requested(RunOptions("replay", settings=["profile.path=many.csv"])).notices
    assert "trace: its 10,001 customers share 12 logins; a stack has 10,000 at most" in notices


def test_big_files_are_waited_for_as_long_as_their_scenario_says():
    assert requested(RunOptions("smoke")).settle_s == 120
    assert requested(RunOptions("large-files")).settle_s == 1200
    assert requested(RunOptions("large-files", settle_s=0.0)).settle_s == 0
