"""Several load processes: one schedule, one ledger, and what becomes of a worker that dies."""

from __future__ import annotations

import signal
import socket
from typing import Any

import pytest

from harness.exceptions import PortInUseError
from tests.integration.load.conftest import Bench
from tests.integration.load.distributed import Fleet, wait_for

pytestmark = pytest.mark.integration

FINAL = ("not_started", "uploaded", "upload_failed", "aborted")


@pytest.fixture
def fleet(bench: Bench) -> Fleet:
    return Fleet(bench)


def everything(fleet: Fleet, *events: str) -> list[dict[str, Any]]:
    return [line for number in range(len(fleet.workers)) for line in fleet.lines(number, *events)]


def test_two_workers_offer_each_file_of_the_schedule_once(bench: Bench, fleet: Fleet):
    server = bench.server()
    master = fleet.start(server, bench.scenario("rate_per_s=100.0, files=40"), workers=2)
    workers = fleet.join(2)
    assert [load.wait() for load in (master, *workers)] == [0, 0, 0], [
        load.stderr for load in (master, *workers)
    ]
    offered = everything(fleet, "offered")
    assert sorted(line["seq"] for line in offered) == list(range(1, 41))
    assert {line["seq"] % 2 for line in fleet.lines(0, "offered")} == {1}
    assert sorted(line["id"] for line in everything(fleet, "uploaded")) == sorted(
        line["id"] for line in offered
    )
    assert len(server.uploads()) == 40
    for number in (0, 1):
        lines = fleet.lines(number)
        assert (lines[0]["e"], lines[0]["workers"], lines[0]["shard"]) == ("header", 2, number)
        assert (lines[-1]["e"], lines[-1]["offered"], lines[-1]["reason"]) == ("end", 20, "complete")
        assert lines[-1]["cpu_s"] > 0
    assert fleet.states() == ["done", "done"]


def test_what_a_killed_worker_leaves_open_is_in_the_ledger(bench: Bench, fleet: Fleet):
    server = bench.server()
    master = fleet.start(server, bench.scenario("rate_per_s=20.0, files=80, arrivals='constant'"), workers=2)
    _, second = fleet.join(2)
    wait_for(lambda: fleet.lines(1, "uploaded"), master)
    second.process.kill()
    assert master.wait() == 0, master.stderr
    assert fleet.states() == ["done", "lost"]
    seen = sorted(line["seq"] for line in everything(fleet, "offered"))
    assert seen == list(range(1, 81)), "the whole schedule, each file once"
    lost = fleet.lines(1, "not_started")
    assert {line["cause"] for line in lost} == {"WorkerLost"}
    final = [line["id"] for line in fleet.lines(1, *FINAL)]
    assert len(final) == len(set(final))
    end = fleet.lines(1)[-1]
    assert (end["e"], end["reason"], end["offered"]) == (
        "end",
        "worker_lost",
        len(fleet.lines(1, "offered")),
    )
    assert {line["e"] for line in fleet.lines(0)} == {"header", "offered", "started", "uploaded", "end"}


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


def test_a_port_that_is_taken_is_named(bench: Bench, fleet: Fleet):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        master = fleet.start(
            bench.server(), bench.scenario("rate_per_s=1.0, files=1"), workers=1, place={"port": port}
        )
        assert master.wait() == int(PortInUseError.exit_code)
    assert f"port {port} on 127.0.0.1, for load workers, is taken by another process" in master.stderr
