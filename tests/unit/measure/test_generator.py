"""What the ledger tells of the processes that wrote it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.measure.generator import Generator, Worker, generator_of
from harness.measure.records import FileRecord, Outcome
from harness.measure.results import Latency

pytestmark = pytest.mark.unit


def write(folder: Path, worker: str, *lines: dict[str, Any], tail: str = "") -> None:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / f"ledger-{worker}.jsonl").write_text(text + tail)


def header(worker: str, workers: int = 1, shard: int = 0) -> dict[str, Any]:
    return {"e": "header", "worker": worker, "workers": workers, "shard": shard}


def end(offered: int, reason: str = "complete", **more: Any) -> dict[str, Any]:
    return {"e": "end", "offered": offered, "at": 9.0, "reason": reason, **more}


def record(number: int, lag_s: float | None) -> FileRecord:
    started_at = None if lag_s is None else 100.0 + lag_s
    return FileRecord(
        f"20261122-194808-3f9a-{number:07d}", "key", "c", 1, 100.0, Outcome.DELIVERED, started_at=started_at
    )


def test_a_single_process_has_the_lag_of_all_files(tmp_path):
    write(tmp_path, "0", header("0"), end(2, cpu_s=1.5))
    found = generator_of(tmp_path, [], Latency(count=2, p99=7.0))
    assert found.workers == [Worker("0", 2, 7.0, 1.5, "complete")]
    assert list(found.shortfalls) == []


def test_each_part_of_the_schedule_has_a_lag_of_its_own(tmp_path):
    for number in (1, 2):
        write(tmp_path, str(number), header(str(number), 2, number - 1), end(2))
    records = [record(1, 0.001), record(2, 0.5), record(3, 0.002), record(4, None)]
    found = generator_of(tmp_path, records, None)
    assert [(worker.worker, worker.lag_p99_ms) for worker in found.workers] == [("1", 2.0), ("2", 500.0)]


def test_workers_come_in_the_order_of_their_numbers(tmp_path):
    for number in range(1, 12):
        write(tmp_path, str(number), header(str(number), 11, number - 1), end(0))
    assert [worker.worker for worker in generator_of(tmp_path, [], None).workers] == [
        str(number) for number in range(1, 12)
    ]


def test_a_torn_last_line_leaves_the_end_unknown(tmp_path):
    write(tmp_path, "1", header("1", 2), tail='{"e":"end","off')
    write(tmp_path, "2", tail="")
    found = generator_of(tmp_path, [record(1, 0.25)], None)
    assert found.workers == [Worker("1", None, 250.0, None, None), Worker("2", None, None, None, None)]


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        ("complete", []),
        ("worker_lost", ["load worker 2 of 2 was lost"]),
        ("signal", ["load worker 2 of 2 stopped early (signal)"]),
        (None, ["load worker 2 of 2 ended without its last line"]),
    ],
)
def test_what_one_worker_did_not_offer_is_told(ended, told):
    whole = Worker("1", 5, 1.0, 1.0, "complete")
    assert list(Generator([whole, replace(whole, worker="2", ended=ended)]).shortfalls) == told


@pytest.mark.parametrize("ended", ["signal", "master_gone", "parent_gone"])
def test_the_only_worker_that_left_is_told_too(ended):
    only = Worker("1", 5, 1.0, 1.0, ended)
    assert list(Generator([only]).shortfalls) == [f"load worker 1 of 1 stopped early ({ended})"]
