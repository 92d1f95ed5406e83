"""What the ledger tells of the load generator itself: its processes, one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.load.ledger_format import Event, file_name
from harness.measure.histogram import summarize
from harness.measure.records import FileRecord
from harness.measure.results import Latency

COMPLETE = "complete"
LOST = "worker_lost"
_LEFT = frozenset({"signal", "master_gone", "parent_gone"})
"""The only process was ended by somebody; what else ends it early is told as its failure."""
_LAST_LINE_BYTES = 4096
"""An `end` line is shorter."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One process of the generator. `None` is not known: it did not come to its last line."""

    worker: str
    offered: int | None
    lag_p99_ms: float | None
    cpu_s: float | None
    ended: str | None
    """Why it offered nothing more: `complete`, or what came before that."""
    clock_ahead_s: float = 0.0
    """What it added to its machine's clock, to tell the master's time."""
    clock_error_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Generator:
    """All of them."""

    workers: list[Worker] = field(default_factory=list)

    @property
    def stopped_by_user(self) -> bool:
        """Somebody pressed the stop button of the web UI."""
        return any(worker.ended == "web_ui" for worker in self.workers)

    @property
    def shortfalls(self) -> Iterator[str]:
        """What kept it from offering its schedule although nobody asked it to stop, in sentences."""
        count = len(self.workers)
        for worker in self.workers:
            if worker.ended == LOST:
                yield f"load worker {worker.worker} of {count} was lost"
            elif worker.ended is None and count > 1:
                yield f"load worker {worker.worker} of {count} ended without its last line"
            elif worker.ended not in (COMPLETE, None) and (count > 1 or worker.ended in _LEFT):
                yield f"load worker {worker.worker} of {count} stopped early ({worker.ended})"


def generator_of(ledger_dir: Path, records: Sequence[FileRecord], lag: Latency | None) -> Generator:
    """Return what is known of each process.

    :param lag: of all files, which is that of the only process where there is one
    """
    ends = [_ends_of(path) for path in sorted(ledger_dir.glob(file_name("*")), key=_number)]
    shards = max((header.get("workers", 1) for header, _ in ends), default=1)
    lags = [lag] if shards == 1 else _lags(records, shards)
    return Generator([_worker(header, end, lags) for header, end in ends])


def _worker(header: dict[str, Any], end: dict[str, Any], lags: Sequence[Latency | None]) -> Worker:
    # The header of a worker that died at once is missing; workers are named by their parts, from 1.
    name = str(header["worker"])
    shard = header.get("shard", int(name) - 1 if name.isdecimal() and name != "0" else 0)
    lag = lags[shard] if shard < len(lags) else None
    return Worker(
        worker=name,
        offered=end.get("offered"),
        lag_p99_ms=lag.p99 if lag else None,
        cpu_s=end.get("cpu_s"),
        ended=end.get("reason"),
        clock_ahead_s=header.get("clock_ahead_s", 0.0),
        clock_error_s=header.get("clock_error_s", 0.0),
    )


def _lags(records: Sequence[FileRecord], shards: int) -> list[Latency | None]:
    """Return the lag of each part of the schedule: file number n is in part (n - 1) modulo the parts."""
    samples: list[list[float]] = [[] for _ in range(shards)]
    for record in records:
        if record.started_at is not None:
            number = int(record.ledger_id.rpartition("-")[2])
            samples[(number - 1) % shards].append(record.started_at - record.intended_at)
    return [summarize(of_one) if of_one else None for of_one in samples]


def _ends_of(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and last line of one ledger; of what is not there, something empty."""
    with path.open("rb") as file:
        first = _line(file.readline())
        length = file.seek(0, 2)
        file.seek(max(0, length - _LAST_LINE_BYTES))
        last = _line(file.read().rstrip(b"\n").rpartition(b"\n")[2])
    header = first if first.get("e") == Event.HEADER else {}
    return {"worker": path.stem.partition("-")[2], **header}, last if last.get("e") == Event.END else {}


def _line(raw: bytes) -> dict[str, Any]:
    try:
        line = json.loads(raw)
    except ValueError:  # torn
        return {}
    return line if isinstance(line, dict) else {}


def _number(path: Path) -> tuple[int, str]:
    name = path.stem.partition("-")[2]
    return (int(name) if name.isdecimal() else 0, name)
