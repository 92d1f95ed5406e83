"""Several load processes: one schedule, one ledger, and what becomes of a worker that dies."""

from __future__ import annotations

import resource
import signal
import socket
from pathlib import PurePath

import pytest

from harness.exceptions import PortInUseError
from tests.integration.load.conftest import Bench
from tests.integration.load.distributed import Fleet, wait_for

pytestmark = pytest.mark.integration

FINAL = ("not_started", "uploaded", "upload_failed", "aborted")


@pytest.fixture
def fleet(bench: Bench) -> Fleet:
    return Fleet(bench)


def test_what_a_killed_worker_leaves_open_is_in_the_ledger(bench: Bench, fleet: Fleet):
    server = bench.server()
    scenario = bench.scenario("rate_per_s=20.0, minutes=10.0, arrivals='constant'")
    master = fleet.start(server, scenario, workers=2)
    first, second = fleet.join(2)
    wait_for(lambda: fleet.lines(1, "uploaded"), master)
    second.process.kill()
    wait_for(lambda: fleet.states() == ["running", "lost"], master)
    master.send_signal(signal.SIGTERM)
    assert (master.wait(), first.wait()) == (0, 0), master.stderr
    assert fleet.states() == ["done", "lost"]
    for number in (0, 1):
        lines = fleet.lines(number)
        assert (lines[0]["e"], lines[0]["workers"], lines[0]["shard"]) == ("header", 2, number)
        seen = [line["seq"] for line in fleet.lines(number, "offered")]
        assert seen == [number + 1 + 2 * place for place in range(len(seen))], "its part, each file once"
        reason = ("signal", "worker_lost")[number]
        assert (lines[-1]["e"], lines[-1]["reason"], lines[-1]["offered"]) == ("end", reason, len(seen))
        final = [line["id"] for line in fleet.lines(number, *FINAL)]
        assert len(final) == len(set(final))
    assert {line["cause"] for line in fleet.lines(1, "not_started")} == {"WorkerLost"}
    uploaded = [line for number in (0, 1) for line in fleet.lines(number, "uploaded")]
    assert {line["id"] for line in uploaded} <= {PurePath(path).stem for path in server.uploads()}


def test_only_wanted_workers_work_and_a_signal_to_the_master_stops_them_in_good_order(
    bench: Bench, fleet: Fleet
):
    master = fleet.start(bench.server(), bench.scenario("rate_per_s=40.0, minutes=10.0"), workers=2)
    wait_for(fleet.told, master)
    stranger = fleet.worker(token="another token, as long as the other", wait_s=2.0)
    fleet.join(1)[0].process.kill()  # it came, and is not there any more when the load could begin
    wait_for(lambda: not fleet.told()["workers"], master)
    workers = fleet.join(2)
    wait_for(lambda: all(fleet.lines(number, "uploaded") for number in (0, 1)), master)
    late = fleet.worker()
    assert (stranger.wait(), late.wait()) == (3, 3)
    assert "no master answered" in stranger.stderr
    assert "all 2 workers of this run are there already" in late.stderr
    assert "Traceback" not in late.stderr, "Locust has nothing to do for it either"
    assert fleet.states() == ["running", "running"]
    master.send_signal(signal.SIGTERM)
    assert [load.wait() for load in (master, *workers)] == [0, 0, 0]
    for number in (0, 1):
        assert fleet.lines(number)[-1]["reason"] == "signal"
        offered = [line["id"] for line in fleet.lines(number, "offered")]
        assert sorted(line["id"] for line in fleet.lines(number, *FINAL)) == sorted(offered)


def test_a_master_that_waits_in_vain_offers_nothing(bench: Bench, fleet: Fleet):
    scenario = bench.scenario("rate_per_s=40.0, files=10")
    master = fleet.start(bench.server(), scenario, workers=2, place={"wait_s": 1.0})
    assert master.wait() == 3
    assert "0 of 2 load workers were ready within 1 s" in master.stderr
    assert not list(fleet.folder.glob("ledger-*.jsonl"))


def test_no_room_for_the_ledger_is_told_as_such(bench: Bench, fleet: Fleet):
    """And the worker, whose last lines nobody takes, ends on its own."""
    scenario = bench.scenario("rate_per_s=50.0, minutes=10.0")
    master = fleet.start(bench.server(), scenario, workers=1, stop_grace_s=0.0)
    limit_bytes = 10_000
    wait_for(fleet.told, master)
    resource.prlimit(master.process.pid, resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    [worker] = fleet.join(1)
    assert (master.wait(), worker.wait()) == (3, 3)
    assert "no room to write the ledger" in master.stderr
    assert "Traceback" not in master.stderr
    assert (fleet.folder / "ledger-1.jsonl").stat().st_size == limit_bytes


def test_a_port_that_is_taken_is_named(bench: Bench, fleet: Fleet):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        master = fleet.start(
            bench.server(), bench.scenario("rate_per_s=1.0, files=1"), workers=1, place={"port": port}
        )
        assert master.wait() == int(PortInUseError.exit_code)
    assert f"port {port} on 127.0.0.1, for load workers, is taken by another process" in master.stderr
