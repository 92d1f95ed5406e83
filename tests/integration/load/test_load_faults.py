"""The load process when the server fails, when it is stopped, and when there is no room for its ledger."""

from __future__ import annotations

import contextlib
import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.run.load_process import LoadProcess
from tests.integration.load.conftest import REPOSITORY, Bench, Load, assert_conserved, causes

pytestmark = pytest.mark.integration


def test_refused_logins_are_failed_uploads(bench: Bench):
    load = bench.load(bench.server("refuses_logins"))
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    assert len(load.lines("upload_failed")) == 20
    assert causes(load, "upload_failed") == {"PermissionDenied"}
    assert {line["phase"] for line in load.lines("upload_failed")} == {"connect"}


def test_a_server_with_another_host_key_gets_no_file(bench: Bench):
    server = bench.server()
    server.fingerprint = "SHA256:somebody-else"
    load = bench.load(server, files=3)
    assert load.wait() == 0, load.stderr
    assert causes(load, "upload_failed") == {"HostKeyNotVerifiable"}
    assert len(load.lines("upload_failed")) == 3
    assert not server.uploads()


def test_a_port_where_nobody_listens(bench: Bench):
    server = bench.server()
    server.kill()
    load = bench.load(server, files=3)
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    assert causes(load, "upload_failed") == {"ConnectionRefusedError"}


@pytest.mark.parametrize(("fault", "phase"), [("hangs_on_login", "connect"), ("hangs_on_open", "open")])
def test_a_server_that_hangs_ends_in_timeouts_and_blocks_no_arrival(bench: Bench, fault, phase):
    own = bench.scenario(
        "rate_per_s=20.0, files=10, customers=1, connect_timeout_s=1.0, upload_timeout_s=1.0"
    )
    load = bench.load(bench.server(fault), own)
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    assert [(line["cause"], line["phase"]) for line in load.lines("upload_failed")] == [
        ("Timeout", phase)
    ] * 10


@pytest.mark.parametrize(
    ("fault", "cause", "phase"),
    [("read_only", "SFTPPermissionDenied", "open"), ("full_disk", "SFTPFailure", "write")],
)
def test_what_the_server_answers_is_the_cause(bench: Bench, fault, cause, phase):
    load = bench.load(bench.server(fault), files=5)
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    assert [(line["cause"], line["phase"]) for line in load.lines("upload_failed")] == [(cause, phase)] * 5


def test_a_refused_file_does_not_cost_the_session(bench: Bench):
    own = bench.scenario("rate_per_s=20.0, files=20, customers=1, sessions_per_customer=1")
    server = bench.server("refuses_every_other")
    load = bench.load(server, own)
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    assert len(load.lines("upload_failed")) == len(load.lines("uploaded")) == 10
    assert {upload["session"] for upload in server.uploads().values()} == {1}


def test_cut_connections_are_aborted_uploads_and_the_session_is_opened_again(bench: Bench):
    own = bench.scenario("rate_per_s=20.0, files=60, customers=1")
    load = bench.load(bench.server("cuts_every_tenth"), own)
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    assert causes(load, "aborted") == {"ConnectionLost"}
    last_cut = max(line["at"] for line in load.lines("aborted"))
    assert len(load.lines("uploaded")) >= 30
    assert any(line["at"] < last_cut for line in load.lines("uploaded"))


def test_a_server_killed_and_back_again(bench: Bench):
    server = bench.server()
    own = bench.scenario("rate_per_s=30.0, files=120, customers=2, fresh_session_share=0.2")
    load = bench.load(server, own)
    load.wait_for(lambda: len(load.lines("uploaded")) > 10)
    server.kill()
    load.wait_for(lambda: load.lines("upload_failed"))
    uploaded_before = len(load.lines("uploaded"))
    bench.server(port=server.port)
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    assert len(load.lines("offered")) == 120
    assert len(load.lines("uploaded")) > uploaded_before + 10
    assert causes(load, "upload_failed") <= {"ConnectionRefusedError", "ConnectionLost"}


def test_a_server_that_cannot_follow_does_not_slow_the_offers(bench: Bench):
    own = bench.scenario(
        "rate_per_s=60.0, arrivals='constant', files=120, max_concurrent_uploads=5, start_within_s=0.5"
    )
    load = bench.load(bench.server("slow_to_open"), own)
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    intended = [line["intended_at"] for line in load.lines("offered")]
    assert intended[-1] - intended[0] == pytest.approx(119 / 60, abs=1e-3)
    assert causes(load, "not_started") == {"NoFreeUser"}
    assert len(load.lines("not_started")) > 60
    assert load.lines("uploaded")


def test_files_are_not_left_without_an_end_when_all_users_have_gone(bench: Bench):
    raises = "    def on_start(self):\n        raise ValueError('mine')\n"
    load = bench.load(bench.server(), bench.scenario("rate_per_s=50.0, files=5", raises))
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    assert causes(load, "not_started") == {"UsersEnded"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_running_uploads_finish(bench: Bench, number):
    own = bench.scenario("rate_per_s=30.0, minutes=5.0")
    load = bench.load(bench.server("slow_to_close"), own)
    load.wait_for(lambda: len(load.lines("started")) > 10)
    load.send_signal(number)
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    assert load.lines("end")[0]["reason"] == "signal"
    assert len(load.lines("uploaded")) == len(load.lines("started"))


def test_uploads_that_outlast_the_grace_are_aborted(bench: Bench):
    own = bench.scenario("rate_per_s=30.0, minutes=5.0")
    load = bench.load(bench.server("slow_to_close"), own, stop_grace_s=0.0)
    load.wait_for(lambda: len(load.lines("started")) > 10)
    load.send_signal(signal.SIGINT)
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    assert "Stopped" in causes(load, "aborted")


def test_a_second_signal_waits_for_nothing(bench: Bench):
    own = bench.scenario("rate_per_s=30.0, minutes=5.0, upload_timeout_s=200.0")
    load = bench.load(bench.server("hangs_on_open"), own, stop_grace_s=1000.0)
    load.wait_for(lambda: len(load.lines("started")) > 3)
    load.send_signal(signal.SIGINT)
    load.send_signal(signal.SIGTERM)  # not SIGINT again: two of one kind may be delivered as one
    assert load.wait() == 0, load.stderr
    assert_conserved(load)


def test_a_signal_before_the_load_begins_leaves_an_empty_ledger(bench: Bench):
    load = bench.load(bench.server(), "million-a-day")
    load.wait_for(lambda: _has_own_handlers(load.process.pid))
    load.send_signal(signal.SIGTERM)
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    assert load.lines("end")[0]["reason"] == "signal"


def test_a_parent_killed_at_once_does_not_leave_the_load_running(bench: Bench):
    config = bench.config(bench.server(), "million-a-day", duration_s=3600.0)
    config_file = bench.folder / "load.json"
    config_file.write_text(json.dumps(config))
    parent_code = (
        "import subprocess, sys;"
        "child = subprocess.Popen([sys.executable, '-m', 'harness.load', sys.argv[1]]);"
        "print(child.pid, flush=True); child.wait()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", parent_code, str(config_file)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    bench.started.append(parent)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    try:
        load = Load(parent, bench.folder / "ledger" / "ledger-0.jsonl")
        load.wait_for(lambda: load.lines("uploaded"))
        parent.kill()
        psutil.wait_procs([child], timeout=60)
        assert not child.is_running()
    finally:
        if child.is_running():
            child.kill()
    assert_conserved(load)
    assert load.lines("end")[0]["reason"] == "parent_gone"


def test_no_room_for_the_ledger_stops_the_run_and_keeps_what_is_written(bench: Bench):
    own = bench.scenario("rate_per_s=100.0, minutes=5.0")
    load = bench.load(bench.server(), own)
    limit_bytes = 50_000
    resource.prlimit(load.process.pid, resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    assert load.wait() == 3
    assert "no room to write the ledger" in load.stderr
    assert "Traceback" not in load.stderr
    assert load.ledger_file.stat().st_size == limit_bytes
    assert len(load.lines("uploaded")) > 10


def _has_own_handlers(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(line.split()[1] for line in status if line.startswith("SigCgt"))
    return bool(int(caught, 16) & (1 << (signal.SIGTERM - 1)))


def test_a_stop_at_any_moment_of_the_start_is_no_error(bench: Bench, tmp_path):
    """Interpreter, imports, preparation: whatever is going on, there is neither a traceback nor a hang."""
    config = bench.config(bench.server(), "million-a-day")
    for number in range(8):
        folder = tmp_path / f"run-{number}"
        folder.mkdir()
        load = LoadProcess.start(
            {**config, "ledger_dir": str(folder)}, folder / "load.json", folder / "load.log"
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            load.process.wait(0.02 + number * 0.1)
        load.end(within_s=30)
        assert load.failure() is None
        assert not load.killed
        assert "Traceback" not in load.log.read_text()
