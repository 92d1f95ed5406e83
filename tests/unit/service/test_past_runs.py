"""What a service tells of the runs of an earlier one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import gevent
import pytest

from harness.service.one_run import CONSOLE_FILE, OneRun
from harness.service.outcome import Outcome
from harness.service.past_runs import RUN_FILE, find
from harness.service.request import RunRequest
from tests.unit.service.stand_ins import Beginner, runs

pytestmark = pytest.mark.unit


def ended(folder: Path, script: str) -> OneRun:
    """Run a real process in the place of `floodgate run`, to its end."""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    folder.mkdir(parents=True)
    run = OneRun(folder.name, RunRequest(scenario="smoke"), folder, 0, process)
    gevent.spawn(run._listen).join()
    return run


def report(folder: Path, verdict: str, delivered: int = 20) -> None:
    summary = {"verdict": verdict, "files": {"delivered": delivered, "offered": 20}}
    (folder / "summary.json").write_text(json.dumps(summary))


def test_a_service_tells_of_the_runs_of_an_earlier_one(tmp_path: Path) -> None:
    first = ended(tmp_path / "smoke-1", "print('error: no room'); raise SystemExit(3)")
    second = ended(tmp_path / "smoke-2", "print('offering')")
    report(second.folder, "passed")
    after = runs(tmp_path, Beginner())
    told = [run.to_json() for run in after.all()]
    assert [(each["run"], each["verdict"], each["says"]) for each in told] == [
        ("smoke-2", "passed", "20 of 20 offered files delivered"),
        ("smoke-1", None, "error: no room"),
    ]
    assert told[1] == first.to_json()
    assert (first.folder / CONSOLE_FILE).read_text() == "error: no room\n"
    found = after.named("smoke-2")
    assert found is not None
    assert found.folder == second.folder


def test_they_are_neither_the_latest_run_nor_counted(tmp_path: Path) -> None:
    ended(tmp_path / "smoke-1", "")
    after = runs(tmp_path, Beginner())
    assert (after.latest, after.current, dict(after.verdicts())) == (None, None, {})
    new = after.start(RunRequest(scenario="smoke"))
    assert [run.name for run in after.all()] == [new.name, "smoke-1"]


def test_a_report_that_was_settled_again_or_removed_is_told_as_it_is(tmp_path: Path) -> None:
    folder = ended(tmp_path / "smoke-1", "").folder
    report(folder, "failed", delivered=19)
    (found,) = find(tmp_path, 10)
    assert (found.to_json()["verdict"], found.to_json()["says"]) == (
        "failed",
        "19 of 20 offered files delivered",
    )
    (folder / "summary.json").unlink()
    assert (found.to_json()["verdict"], found.to_json()["report"]) == (None, None)


def test_only_so_many_are_told_of(tmp_path: Path) -> None:
    for number in range(3):
        ended(tmp_path / f"smoke-{number}", "")
    assert [run.name for run in find(tmp_path, 2)] == ["smoke-2", "smoke-1"]


def damaged(**changes: object) -> str:
    told = {
        "run": "smoke-1",
        "request": {"scenario": "smoke"},
        "state": "ended",
        "workers": 0,
        "says": "ended",
    }
    times = {"began_at": "2026-01-01T00:00:00Z", "ended_at": "2026-01-01T00:01:00Z"}
    return json.dumps({**told, **times, "exit_code": 0, **changes})


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        "[" * 200_000,
        damaged(run="other"),
        damaged(state="running"),
        damaged(began_at=None),
        damaged(began_at="yesterday"),
        damaged(workers=float("nan")),
        damaged(request={"scenario": "smoke", "rate": float("inf")}),
        damaged(says=1),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_damaged_or_of_another_folder_is_left_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "smoke-1").mkdir()
    file = tmp_path / "smoke-1" / RUN_FILE
    file.write_text(damaged())
    assert [run.name for run in find(tmp_path, 10)] == ["smoke-1"]
    file.write_text(text)
    assert find(tmp_path, 10) == []


def test_a_link_of_the_file_is_not_taken_from_it(tmp_path: Path) -> None:
    (tmp_path / "smoke-1").mkdir()
    (tmp_path / "smoke-1" / RUN_FILE).write_text(damaged(report="javascript:alert(1)", verdict="passed"))
    (found,) = find(tmp_path, 10)
    assert (found.to_json()["report"], found.to_json()["verdict"]) == (None, None)
    report(found.folder, "passed")
    assert found.to_json()["report"] == "reports/smoke-1/report.html"


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "smoke-1").mkdir()
    os.mkfifo(tmp_path / "smoke-1" / RUN_FILE)
    assert find(tmp_path, 10) == []


def test_reports_that_are_not_there_yet(tmp_path: Path) -> None:
    assert find(tmp_path / "none", 10) == []


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "null",
        "[]",
        "[" * 200_000,
        '{"verdict": "x"}',
        '{"verdict": "x", "files": {}}',
        '{"verdict": "x", "files": {"delivered": 1e999, "offered": 1}}',
    ],
    ids=lambda text: text[:20],
)
def test_a_damaged_report_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "summary.json").write_text(text)
    assert (Outcome(tmp_path).verdict, Outcome(tmp_path).text) == (None, None)


def test_a_report_that_is_a_folder_or_leads_to_itself_is_none(tmp_path: Path) -> None:
    (tmp_path / "summary.json").mkdir()
    assert Outcome(tmp_path).verdict is None
    (tmp_path / "summary.json").rmdir()
    (tmp_path / "summary.json").symlink_to(tmp_path / "summary.json")
    assert Outcome(tmp_path).verdict is None
