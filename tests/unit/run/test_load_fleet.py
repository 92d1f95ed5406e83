"""What a run says of its load processes, by what their master tells."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import cast

import pytest

from harness.exit_codes import ExitCode
from harness.load.distributed.token import TOKEN_ENV, new_token
from harness.run.load_fleet import LoadFleet
from harness.run.load_options import LoadOptions
from harness.run.load_process import LoadProcess

pytestmark = pytest.mark.unit


class Ended:
    """A process that is over."""

    def __init__(self, pid: int, code: int) -> None:
        self.pid, self.code = pid, code

    def poll(self) -> int:
        return self.code


def process(folder: Path, pid: int, code: int = 0, log: str = "") -> LoadProcess:
    (folder / f"{pid}.log").write_text(log)
    return LoadProcess(cast("subprocess.Popen[bytes]", Ended(pid, code)), folder / f"{pid}.log")


def fleet(folder: Path, *states: str, workers: tuple[LoadProcess, ...] = ()) -> LoadFleet:
    told = [{"worker": str(n), "pid": n, "state": state} for n, state in enumerate(states, start=1)]
    (folder / "master.json").write_text(json.dumps({"workers": told}))
    return LoadFleet(process(folder, 99), list(workers), expected=2, wait_s=60.0, folder=folder)


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ((), "0 came, 0 are ready"),
        (("ready", "joined"), "2 came, 1 are ready"),
        (("running", "running"), None),
        (("done", "lost"), None),
    ],
)
def test_the_live_line_tells_what_the_load_waits_for(tmp_path, states, told):
    said = fleet(tmp_path, *states).waits_for()
    assert said == (told and f"waiting for 2 load workers: {told} (at most 60 s)")


@pytest.mark.parametrize(
    ("workers", "host", "told"),
    [
        (1, "0.0.0.0", "waiting for one worker; on its machine: {} --master-host <this machine>"),
        (2, "10.0.0.7", "waiting for 2 workers; on each machine: {} --master-host 10.0.0.7"),
    ],
)
def test_who_is_waited_for_and_where_they_are_to_connect(tmp_path, monkeypatch, workers, host, told):
    monkeypatch.setenv(TOKEN_ENV, new_token())
    write_place(tmp_path, host)
    monkeypatch.setattr(LoadProcess, "start", lambda *_arguments, **_options: process(tmp_path, 99))
    said: list[str] = []
    options = LoadOptions(master=True, expect_workers=workers, bind_host=host)
    LoadFleet.start({}, options, tmp_path, tmp_path / "load.log", said.append)
    command = f"{TOKEN_ENV}=<the same> floodgate run --worker"
    assert said == [f"{told.format(command)} --master-port 5557"]


def write_place(folder: Path, host: str) -> None:
    (folder / "master.json").write_text(json.dumps({"host": host, "port": 5557, "workers": []}))


def test_one_process_waits_for_nobody(tmp_path):
    assert LoadFleet(process(tmp_path, 99)).waits_for() is None


def test_a_worker_that_was_given_up_is_a_lost_one_and_no_defect_of_the_program(tmp_path):
    refused = process(tmp_path, 2, int(ExitCode.NOT_READY), "error: the master refuses this worker")
    assert fleet(tmp_path, "done", "lost", workers=(refused,)).failure() is None
    assert fleet(tmp_path, "done", "done", workers=(refused,)).failure() is not None
