"""One run after the other: when one may begin, with which options, and what is told of it."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import gevent
import pytest

from harness.exceptions import EnvironmentNotReadyError
from harness.service import one_run, shown
from harness.service.one_run import OneRun
from harness.service.request import RunRequest
from harness.service.runs import BusyError, Runs
from tests.unit.service.stand_ins import Beginner, Process, config, end, runs, write

pytestmark = pytest.mark.unit

SMOKE = RunRequest(scenario="smoke")


@pytest.fixture
def beginner() -> Beginner:
    return Beginner()


def test_runs_are_one_after_the_other_each_in_a_folder_of_its_own(tmp_path: Path, beginner: Beginner) -> None:
    found = runs(tmp_path, beginner)
    first = found.start(SMOKE)
    with pytest.raises(BusyError, match=first.name):
        found.start(SMOKE)
    end(first)
    second = found.start(RunRequest(scenario="mine", minutes=2))
    assert second.folder != first.folder
    assert [run.name for run in found.all()] == [second.name, first.name]
    assert beginner.options[1][:3] == ["/scenarios/mine.yaml", "--minutes=2.0", "--seed=1"]
    assert f"--out={second.folder}" in beginner.options[1]


def test_a_run_has_a_web_ui_for_the_service_alone(tmp_path: Path, beginner: Beginner) -> None:
    runs(tmp_path, beginner, stack="kept", web_host="0.0.0.0").start(SMOKE)
    assert {"--web-ui", "--web-host=127.0.0.1", "--web-port=0", "--name=kept"} <= set(beginner.options[0])
    assert "--master" not in beginner.options[0]


def test_all_workers_that_wait_are_called(tmp_path: Path, beginner: Beginner) -> None:
    lobby = {"host": "0.0.0.0", "port": 5557, "run_port": 7000}
    run = runs(tmp_path, beginner, workers=3, lobby=lobby).start(SMOKE)
    assert run.workers == 3
    assert {"--master", "--expect-workers=3", "--master-bind-host=0.0.0.0", "--master-bind-port=7000"} <= set(
        beginner.options[0]
    )


def test_a_run_is_told_with_its_verdict_once_it_has_ended(tmp_path: Path, beginner: Beginner) -> None:
    found = runs(tmp_path, beginner)
    run = found.start(SMOKE)
    write(run, "ledger/live.json", {"text": "0:01  offered 5", "rows": [{"what": "Offered", "value": "5"}]})
    told = run.to_json()
    assert (told["state"], told["verdict"], told["says"]) == ("running", None, "0:01  offered 5")
    end(run, code=4, verdict="failed")
    told = run.to_json()
    assert (told["state"], told["verdict"], told["exit_code"]) == ("ended", "failed", 4)
    assert told["report"] == f"reports/{run.name}/report.html"
    rows = [(row["what"], row["value"]) for row in shown.rows(run)]
    assert rows[1:] == [
        ("Verdict", "failed"),
        ("Last said", "20 of 20 offered files delivered"),
        ("Offered", "5"),
    ]
    assert found.verdicts() == {"failed": 1}


def test_a_run_that_is_settled_again_is_told_with_its_new_verdict(tmp_path: Path, beginner: Beginner) -> None:
    run = runs(tmp_path, beginner).start(SMOKE)
    end(run, code=130, verdict=None)
    assert run.verdict is None
    for verdict, at_s in (("interrupted", 1), ("passed", 2)):
        write(run, "summary.json", {"verdict": verdict, "files": {"delivered": 1, "offered": 1}})
        os.utime(run.folder / "summary.json", (at_s, at_s))
        assert run.verdict == verdict


def test_a_report_that_has_not_changed_is_not_read_again(
    tmp_path: Path, beginner: Beginner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs(tmp_path, beginner).start(SMOKE)
    end(run)
    told = run.to_json()
    monkeypatch.setattr(Path, "read_text", lambda _: pytest.fail("it was read again"))
    assert run.to_json() == told


def test_a_run_that_could_not_be_started_says_why(tmp_path: Path, beginner: Beginner) -> None:
    found = runs(tmp_path, beginner)
    run = found.start(SMOKE)
    run.lines.extend(["[0.1 s] starting", "error: no room in the state folder", "  fix: free some"])
    end(run, code=3, verdict=None)
    assert run.to_json()["says"] == "error: no room in the state folder; fix: free some"
    assert run.to_json()["report"] is None
    assert found.verdicts() == {"none": 1}


def test_a_run_that_has_no_load_yet_is_stopped_by_a_ctrl_c(tmp_path: Path, beginner: Beginner) -> None:
    found = runs(tmp_path, beginner)
    found.stop()
    run = found.start(SMOKE)
    found.stop()
    assert run.process.signals == [signal.SIGINT]  # type: ignore[attr-defined]


def test_a_service_that_ends_begins_nothing_more(tmp_path: Path, beginner: Beginner) -> None:
    found = runs(tmp_path, beginner)
    found.close()
    with pytest.raises(EnvironmentNotReadyError, match="about to end"):
        found.start(SMOKE)


def test_of_two_who_ask_at_the_same_moment_one_is_refused(tmp_path: Path, beginner: Beginner) -> None:
    """Starting a process takes a moment, in which gevent serves the next request."""

    def begin(*arguments: Any) -> OneRun:
        gevent.sleep(0)
        return beginner(*arguments)

    found = Runs(config(tmp_path), begin=begin)
    asked = [gevent.spawn(found.start, SMOKE) for _ in range(2)]
    gevent.joinall(asked)
    assert [type(each.exception) for each in asked] == [type(None), BusyError]
    assert len(beginner.options) == 1


def test_a_run_ends_although_nobody_reads_what_the_service_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", Speaking)
    monkeypatch.setattr(sys, "stderr", ClosedTerminal())
    run = Runs(config(tmp_path)).start(SMOKE)
    with gevent.Timeout(5):
        while run.goes_on:
            gevent.sleep(0)
    assert list(run.lines) == ["[0.1 s] starting …"]


def test_a_run_is_started_where_the_kernel_tells_nothing_of_a_dead_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begun(_command: object, **options: Any) -> Process:
        options["preexec_fn"]()
        return Speaking()

    monkeypatch.setattr(subprocess, "Popen", begun)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(one_run, "_LIBC", None)
    assert Runs(config(tmp_path)).start(SMOKE).name.startswith("smoke-")


def test_what_a_run_said_is_kept_whatever_the_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_text(path: Path, text: str, encoding: str = "ascii") -> None:
        path.write_bytes(text.encode(encoding))

    monkeypatch.setattr(subprocess, "Popen", Speaking)
    monkeypatch.setattr(Path, "write_text", write_text)
    run = Runs(config(tmp_path)).start(SMOKE)
    run.folder.mkdir()
    with gevent.Timeout(5):
        while run.goes_on:
            gevent.sleep(0)
    assert (run.folder / "console.log").read_text(encoding="utf-8") == "[0.1 s] starting …\n"


class Speaking(Process):
    """A run that says something and ends."""

    def __init__(self, *_command: object, **_options: object) -> None:
        super().__init__()
        self.stdout = io.StringIO("[0.1 s] starting …\n")

    def wait(self) -> None:
        self.returncode = 0


class ClosedTerminal(io.StringIO):
    """The terminal from which the service was started is gone."""

    def write(self, text: str, /) -> int:
        raise OSError(errno.EIO, "Input/output error")
