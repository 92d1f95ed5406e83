"""The open model, with real greenlets and short real times."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest

from harness import clock
from harness.load.bookkeeping import Books
from harness.load.content import content_source
from harness.load.ledger_writer import LedgerWriter
from harness.load.offering import Offering
from harness.load.plan import Arrival
from harness.load.upload import Upload

pytestmark = pytest.mark.unit

SOURCE = content_source(1)
DEADLINE_S = 30


class Stage:
    """An offering with its ledger."""

    def __init__(self, folder: Path, offsets_s: list[float], **options: Any) -> None:
        self.ledger = LedgerWriter(folder / "ledger.jsonl")
        self.starts_at = clock.now()
        self.offering = Offering(
            iter(arrival(number, offset_s) for number, offset_s in enumerate(offsets_s, start=1)),
            SOURCE,
            Books(self.ledger),
            **{"starts_at": self.starts_at, "start_within_s": 5.0} | options,
        )
        self.greenlets = [gevent.spawn(self.offering.watch_deadlines)]

    def lines(self) -> list[dict[str, Any]]:
        self.ledger.flush()
        return [json.loads(line) for line in self.ledger.path.read_text().splitlines()]

    def taken(self, _: object = None) -> list[Upload]:
        """Take everything until the offering is closed."""
        uploads = []
        with gevent.Timeout(DEADLINE_S):
            while (upload := self.offering.take()) is not None:
                uploads.append(upload)
        return uploads


def arrival(number: int, offset_s: float, size_bytes: int = 100) -> Arrival:
    return Arrival(
        sequence=number,
        ledger_id=f"run-{number}",
        offset_s=offset_s,
        customer_id="acme",
        path=f"/incoming/{number}.csv",
        key=f"acme/incoming/{number}.csv",
        size_bytes=size_bytes,
        fresh_session=False,
    )


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[list[Stage]]:
    stages: list[Stage] = []
    yield stages
    for stage in stages:
        gevent.killall(stage.greenlets)
        stage.ledger.close()


def test_files_are_offered_in_order_and_not_before_their_time(tmp_path: Path, stages: list[Stage]):
    stages.append(stage := Stage(tmp_path, [0.0, 0.02, 0.04]))
    taker = gevent.spawn(lambda: [(stage.offering.take(), clock.now()) for _ in range(3)])
    stage.offering.run()
    taken = taker.get(timeout=DEADLINE_S)
    assert [upload.arrival.sequence for upload, _ in taken] == [1, 2, 3]
    assert all(at >= upload.intended_at for upload, at in taken)
    assert [line["e"] for line in stage.lines()] == ["offered"] * 3
    assert taken[0][0].body == SOURCE.whole(1, 100)
    assert taken[0][0].sha256 == SOURCE.sha256(1, 100)


def test_offers_go_on_when_nobody_takes_them(tmp_path: Path, stages: list[Stage]):
    stages.append(stage := Stage(tmp_path, [0.001 * number for number in range(300)]))
    stage.offering.run()
    assert [line["e"] for line in stage.lines()] == ["offered"] * 300


def test_a_file_that_nobody_takes_in_time_is_not_started(tmp_path: Path, stages: list[Stage]):
    stages.append(stage := Stage(tmp_path, [0.0, 0.0], start_within_s=0.1))
    stage.offering.run()
    with gevent.Timeout(DEADLINE_S):
        while len(stage.lines()) < 4:
            gevent.sleep(0.01)
    assert {(line["id"], line["cause"]) for line in stage.lines() if line["e"] == "not_started"} == {
        ("run-1", "NoFreeUser"),
        ("run-2", "NoFreeUser"),
    }
    stage.offering.close()
    assert stage.taken() == []


def test_a_file_that_the_generator_itself_is_late_with_says_so(tmp_path: Path, stages: list[Stage]):
    stages.append(stage := Stage(tmp_path, [0.0], starts_at=clock.now() - 60.0))
    stage.offering.run()
    assert [(line["e"], line.get("cause")) for line in stage.lines()] == [
        ("offered", None),
        ("not_started", "GeneratorLate"),
    ]


def test_stopping_offers_nothing_more_and_gives_up_what_waits(tmp_path: Path, stages: list[Stage]):
    stages.append(stage := Stage(tmp_path, [0.0, 3600.0]))
    running = gevent.spawn(stage.offering.run)
    with gevent.Timeout(DEADLINE_S):
        while not stage.lines():
            gevent.sleep(0.01)
    stage.offering.stop()
    running.get(timeout=DEADLINE_S)
    stage.offering.give_up_waiting()
    assert [(line["e"], line.get("cause")) for line in stage.lines()] == [
        ("offered", None),
        ("not_started", "Stopped"),
    ]


def test_every_taker_learns_that_there_is_no_more(tmp_path: Path, stages: list[Stage]):
    stages.append(stage := Stage(tmp_path, [0.0, 0.0, 0.0]))
    takers = [gevent.spawn(stage.taken) for _ in range(5)]
    stage.offering.run()
    stage.offering.close()
    taken = [upload for taker in takers for upload in taker.get(timeout=DEADLINE_S)]
    assert sorted(upload.arrival.sequence for upload in taken) == [1, 2, 3]


def test_only_a_bounded_number_of_files_is_prepared_ahead(tmp_path: Path, stages: list[Stage]):
    made = []

    def arrivals() -> Iterator[Arrival]:
        for number in range(1, 1_000_000):
            made.append(number)
            yield arrival(number, 3600.0 + number)

    stages.append(stage := Stage(tmp_path, []))
    offering = Offering(arrivals(), SOURCE, Books(stage.ledger), starts_at=clock.now(), start_within_s=5.0)
    running = gevent.spawn(offering.run)
    with gevent.Timeout(DEADLINE_S):
        while len(made) < 64:
            gevent.sleep(0.01)
    gevent.sleep(0)
    assert len(made) == 64
    offering.stop()
    running.get(timeout=DEADLINE_S)
