"""How long settling takes and how much memory it needs, without the engine.

    python -m benchmarks.settle [FILES]

Writes a ledger and an uploads.jsonl of that many files (a million unless told), holds the evidence in memory
as if an engine had answered, and settles. One file in a thousand has failed and one in ten thousand is lost.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from harness import identity
from harness.engines.base import EngineInfo, Progress
from harness.measure.classify import classify
from harness.measure.evidence import VersionsByKey
from harness.measure.executions import ExecutionView
from harness.measure.gather import gather
from harness.measure.queues import QueueView
from harness.measure.rows import Row
from harness.measure.settle import SettleInputs, read_ledger
from harness.measure.settlement import conclude
from harness.measure.versions import ObjectVersion
from harness.stack.description import SftpEndpoint, StackDescription

SOURCE = "source"
T0 = 1_800_000_000.0
PER_S = 11.6
CUSTOMERS = 20
SHA256 = "ab" * 32


class Answers:
    """Evidence as an engine would give it; made from the ids that are asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def rows(self, file_ids: Iterable[str]) -> dict[str, Row]:
        rows = {}
        for number, file_id in enumerate(file_ids):
            if number % 10_000 != 1:
                status = "failed" if number % 1000 == 2 else "transferred"
                at = T0 + number / PER_S + 0.2
                times = (at, at + 0.01, at + 0.02, at + 0.07)
                rows[file_id] = Row(file_id, status, f"d{number}", None, None, *times, 1, 1)
        return rows

    def destination(self, keys: Collection[str]) -> VersionsByKey:
        found: VersionsByKey = {}
        for key in keys:
            number = int(key[-11:-4])
            if number % 10_000 != 1 and number % 1000 != 2:
                found[key] = [ObjectVersion(key, f"d{number}", 1000, T0 + number / PER_S + 0.3)]
        return found

    def source(self, keys: Collection[str]) -> VersionsByKey:
        return {key: [ObjectVersion(key, f"v{int(key[-11:-4])}", 1000, T0)] for key in keys}

    def read_back(self, versions: Collection[ObjectVersion], _progress: Progress) -> None:
        for version in versions:
            version.sha256 = SHA256

    def read_tags(self, _versions: Collection[ObjectVersion]) -> None:
        return

    def work_queue(self) -> QueueView:
        return QueueView(0, ())

    def dead_letters(self) -> QueueView:
        return QueueView(0, ())

    def undelivered(self) -> QueueView:
        return QueueView(0, ())

    def recorder_dead_letters(self) -> int:
        return 0

    def executions(self, _since: float) -> ExecutionView:
        return ExecutionView()

    def throttles(self, _since: float) -> int:
        return 0


def write_run(folder: Path, files: int) -> SettleInputs:
    """Write what the generator and the SFTP server would have written."""
    ledger_dir, uploads_file = folder / "ledger", folder / "uploads.jsonl"
    ledger_dir.mkdir()
    with (ledger_dir / "ledger-0.jsonl").open("w") as ledger, uploads_file.open("w") as uploads:
        ledger.write(_json(e="header", schema_version=1, run_id="bench", seed=1))
        for number in range(files):
            _write_file(number, ledger.write, uploads.write)
        ledger.write(_json(e="end", offered=files, at=T0))
    engine = EngineInfo("none", "none", "0", "http://127.0.0.1:1")
    description = StackDescription(
        name="bench",
        engine=engine,
        route="queued",
        sftp=SftpEndpoint("127.0.0.1", 1, "", ""),
        users=[],
        buckets={"source": SOURCE, "destination": "destination"},
        table="t",
        queues={},
        functions={},
    )
    return SettleInputs(engine, description, ledger_dir, uploads_file)


def _write_file(number: int, ledger: object, uploads: object) -> None:
    assert callable(ledger)
    assert callable(uploads)
    ledger_id, at = identity.ledger_id("bench", number), T0 + number / PER_S
    customer = f"customer-{number % CUSTOMERS}"
    key = f"{customer}/incoming/{ledger_id}.csv"
    offered = {"id": ledger_id, "seq": number, "key": key, "customer_id": customer}
    ledger(_json(e="offered", **offered, size_bytes=1000, intended_at=at))
    ledger(_json(e="started", id=ledger_id, at=at + 0.001))
    ledger(_json(e="uploaded", id=ledger_id, at=at + 0.03, sha256=SHA256))
    closed = {"event": "closed", "user": customer, "bucket": SOURCE, "key": key, "version_id": f"v{number}"}
    uploads(_json(**closed, etag="e", size_bytes=1000, closed_at=at + 0.03))


def _json(**fields: object) -> str:
    return json.dumps(fields, separators=(",", ":")) + "\n"


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long the block took on the clock and on the CPU, and the memory after it."""
    begun, begun_cpu_s = time.monotonic(), time.process_time()
    yield
    wall_s, cpu_s = time.monotonic() - begun, time.process_time() - begun_cpu_s
    rss_mib = psutil.Process().memory_info().rss / 2**20
    print(f"{what:<32} {wall_s:6.1f} s, {cpu_s:6.1f} s of CPU, then {rss_mib:5.0f} MiB resident", flush=True)


def main() -> None:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"{files} files on {psutil.cpu_count()} cores, load average {psutil.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        with timed("(writing the run)"):
            inputs = write_run(Path(folder), files)
        with timed("reading and joining the ledger"):
            ledger, joined = read_ledger(inputs)
        with timed("taking the evidence"):
            evidence = gather(joined, Answers(), SOURCE, since=T0, progress=lambda _: None)
        with timed("classifying"):
            records = classify(joined, evidence)
        with timed("stages, rates, timeline, groups"):
            settlement = conclude(ledger, joined, records, inputs.description, evidence)
    print(json.dumps(settlement.counts))
    print(settlement.rate, settlement.latency_ms["end_to_end"])
    print(settlement.problems, settlement.notes)


if __name__ == "__main__":
    main()
