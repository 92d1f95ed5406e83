"""What a service tells of the runs of an earlier one."""

from __future__ import annotations

import json
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


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"run": "other", "began_at": "2026"}', '{"run": "smoke-1"}']
)
def test_what_is_damaged_or_of_another_folder_is_left_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "smoke-1").mkdir()
    (tmp_path / "smoke-1" / RUN_FILE).write_text(text)
    assert find(tmp_path, 10) == []


def test_reports_that_are_not_there_yet(tmp_path: Path) -> None:
    assert find(tmp_path / "none", 10) == []


@pytest.mark.parametrize(
    "text", ["{", "null", "[]", '{"verdict": "passed"}', '{"verdict": "x", "files": {}}']
)
def test_a_damaged_report_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "summary.json").write_text(text)
    assert (Outcome(tmp_path).verdict, Outcome(tmp_path).text) == (None, None)
