"""Several load processes: one schedule, one ledger, and what becomes of a worker that dies."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.load.conftest import Bench
from tests.integration.load.distributed import Fleet

pytestmark = pytest.mark.integration

FINAL = ("not_started", "uploaded", "upload_failed", "aborted")


@pytest.fixture
def fleet(bench: Bench) -> Fleet:
    return Fleet(bench)


def everything(fleet: Fleet, *events: str) -> list[dict[str, Any]]:
    return [line for number in range(len(fleet.workers)) for line in fleet.lines(number, *events)]


def test_two_workers_offer_each_file_of_the_schedule_once(bench: Bench, fleet: Fleet):
    server = bench.server()
    master = fleet.start(server, bench.scenario("rate_per_s=100.0, files=120"), workers=2)
    workers = fleet.join(2)
    assert [load.wait() for load in (master, *workers)] == [0, 0, 0], [
        load.stderr for load in (master, *workers)
    ]
    offered = everything(fleet, "offered")
    assert sorted(line["seq"] for line in offered) == list(range(1, 121))
    assert {line["seq"] % 2 for line in fleet.lines(0, "offered")} == {1}
    assert sorted(line["id"] for line in everything(fleet, "uploaded")) == sorted(
        line["id"] for line in offered
    )
    assert len(server.uploads()) == 120
    for number in (0, 1):
        lines = fleet.lines(number)
        assert (lines[0]["e"], lines[0]["workers"], lines[0]["shard"]) == ("header", 2, number)
        assert (lines[-1]["e"], lines[-1]["offered"], lines[-1]["reason"]) == ("end", 60, "complete")
        assert lines[-1]["cpu_s"] > 0
    assert fleet.states() == ["done", "done"]
