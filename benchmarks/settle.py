"""How long settling and the report take and how much memory they need, without the engine.

    python -m benchmarks.settle [FILES]

Writes a ledger and an uploads.jsonl of that many files (a million unless told), answers for the engine with
evidence that has the sizes of real ids, settles, and writes all reports. One file in a thousand has failed
and one in ten thousand is lost. Making the run and the answers is not part of the sums.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from harness import identity
from harness.engines.base import EngineInfo, Progress
from harness.measure.classify import classify_away
from harness.measure.executions import ExecutionView
from harness.measure.function_errors import FunctionErrors
from harness.measure.gather import gather
from harness.measure.packed.rows import PackedRows
from harness.measure.packed.versions import PackedVersions
from harness.measure.queues import QueueView
from harness.measure.read_back import ReadBack
from harness.measure.rows import Row, batched
from harness.measure.settle import SettleInputs, read_ledger
from harness.measure.settlement import Settlement, conclude
from harness.measure.versions import ObjectVersion
from harness.report.write import write_reports
from harness.stack.description import SftpEndpoint, StackDescription
from tests.unit.report import builders

SOURCE = "source"
T0 = 1_800_000_000.0
PER_S = 11.6
CUSTOMERS = 20
SHA256 = "ab" * 32
RUN_ID = "20270115-080000-bench"
AT_ONCE = 1000
"""Answers that are made at a time; S3 lists as many versions on one page."""


class Answers:
    """Evidence as an engine would give it; made from the ids that are asked for."""

    def __init__(self, files: int) -> None:
        self.files = files
        self.spent_s = 0.0
        """CPU time in here, which is the engine's and not the harness's."""

    def rows(self, file_ids: Iterable[str]) -> PackedRows:
        rows, begun = PackedRows(), 0
        # As many at once as `RowReader` has in its hands: reading the clock for each costs more than the row.
        for asked in batched(file_ids, AT_ONCE):
            with self._not_counted():
                answered = [
                    row(number, file_id)
                    for number, file_id in enumerate(asked, begun)
                    if number % 10_000 != 1
                ]
            for each in answered:
                rows[each.file_id] = each
            begun += len(asked)
        return rows

    def destination(self, keys: Collection[str]) -> PackedVersions:
        found = PackedVersions()
        for asked in batched(keys, AT_ONCE):
            with self._not_counted():
                numbered = [(key, int(key[-11:-4])) for key in asked]
                answered = [
                    version(key, "d", number)
                    for key, number in numbered
                    if number % 10_000 != 1 and number % 1000 != 2
                ]
            for each in answered:
                found.add_listed(each)
        return found

    def source(self, keys: Collection[str]) -> PackedVersions:
        return PackedVersions({key: [version(key, "v", int(key[-11:-4]))] for key in keys})

    @contextmanager
    def _not_counted(self) -> Iterator[None]:
        begun = time.process_time()
        yield
        self.spent_s += time.process_time() - begun

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

    def function_errors(self, _since: float) -> tuple[FunctionErrors, ...]:
        return ()


def row(number: int, file_id: str) -> Row:
    status = "failed" if number % 1000 == 2 else "transferred"
    at = T0 + number / PER_S + 0.2
    times = (at, at + 0.01, at + 0.02, at + 0.05 + (number * 7919 % 100_003) / 100_003)
    return Row(file_id, status, version_id("d", number), None, None, *times, 1, 1)


def version(key: str, side: str, number: int) -> ObjectVersion:
    return ObjectVersion(key, version_id(side, number), size(number), T0 + number // PER_S, md5=number)


def version_id(side: str, number: int) -> str:
    """Return an id as long as S3's."""
    return f"{side}{number:031d}"


def size(number: int) -> int:
    return 1000 + number * 7919 % 100_003


def write_run(folder: Path, files: int) -> None:
    """Write what the generator and the SFTP server would have written."""
    ledger_dir, uploads_file = folder / "ledger", folder / "uploads.jsonl"
    ledger_dir.mkdir()
    with (ledger_dir / "ledger-0.jsonl").open("w") as ledger, uploads_file.open("w") as uploads:
        ledger.write(_json(e="header", schema_version=1, run_id=RUN_ID, seed=1, worker="0"))
        for number in range(files):
            _write_file(number, ledger.write, uploads.write)
        ledger.write(_json(e="end", offered=files, at=T0))


def run_of(folder: Path) -> SettleInputs:
    """Return what settling starts from."""
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
    return SettleInputs(engine, description, folder / "ledger", folder / "uploads.jsonl")


def _write_file(number: int, ledger: object, uploads: object) -> None:
    assert callable(ledger)
    assert callable(uploads)
    ledger_id, at = identity.ledger_id(RUN_ID, number), T0 + number / PER_S
    customer = f"customer-{number % CUSTOMERS}"
    key = f"{customer}/incoming/{ledger_id}.csv"
    offered = {"id": ledger_id, "seq": number, "key": key, "customer_id": customer}
    ledger(_json(e="offered", **offered, size_bytes=size(number), intended_at=at))
    ledger(_json(e="started", id=ledger_id, at=at + 0.001))
    ledger(_json(e="uploaded", id=ledger_id, at=at + 0.03, sha256=SHA256))
    closed = {
        "event": "closed",
        "user": customer,
        "bucket": SOURCE,
        "key": key,
        "version_id": version_id("v", number),
    }
    uploads(_json(**closed, etag=f"{number:015x}{0:017x}", size_bytes=size(number), closed_at=at + 0.03))


def _json(**fields: object) -> str:
    return json.dumps(fields, separators=(",", ":")) + "\n"


def pace_s() -> float:
    """Return what a fixed piece of work costs here and now: neighbours on a core make CPU time dearer."""
    begun, found = time.process_time(), {}
    for number in range(3_000_000):
        found[number % 1024] = number * number
    return time.process_time() - begun


class Stopwatch:
    """Prints how long steps take on the clock and on the CPU, and adds them up."""

    def __init__(self, answers: Answers) -> None:
        self.wall_s = self.cpu_s = 0.0
        self._answers = answers

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Time the block; what the answers of the engine cost is left out of the CPU time."""
        begun_s, begun_cpu_s = time.monotonic(), self._cpu_s()
        yield
        wall_s, cpu_s = time.monotonic() - begun_s, self._cpu_s() - begun_cpu_s
        self.wall_s, self.cpu_s = self.wall_s + wall_s, self.cpu_s + cpu_s
        rss_mib = psutil.Process().memory_info().rss / 2**20
        print(
            f"{what:<32} {wall_s:6.1f} s, {cpu_s:6.1f} s of CPU, then {rss_mib:5.0f} MiB resident", flush=True
        )

    def _cpu_s(self) -> float:
        return time.process_time() - self._answers.spent_s


def settle_and_report(inputs: SettleInputs, folder: Path, watch: Stopwatch, answers: Answers) -> Settlement:
    """Do what `settle` and the report of a run do, step by step."""
    # A run has these by then.
    resources = builders.resources(round(answers.files / PER_S))
    with watch.timed("reading and joining the ledger"):
        ledger, joined = read_ledger(inputs)
        ledger.let_go()
    with watch.timed("taking the evidence"):
        limit = ReadBack(seed=1)
        evidence = gather(joined, answers, SOURCE, since=T0, progress=lambda _: None, read_back=limit)
    with watch.timed("classifying"):
        records = classify_away(joined, evidence)
    with watch.timed("stages, rates, timeline, groups"):
        settlement = conclude(ledger, joined, records, inputs.description, evidence)
    del ledger, joined, evidence, records
    with watch.timed("all reports"):
        write_reports(
            folder / "report",
            builders.inputs(settlement=settlement, resources=resources),
        )
    return settlement


def main() -> None:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"{files} files on {psutil.cpu_count()} cores, load average {psutil.getloadavg()[0]:.1f}")
    print(f"{pace_s():.2f} s of CPU for a fixed piece of work, before")
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own, so that its memory does not count.
        writing = multiprocessing.get_context("fork").Process(target=write_run, args=(Path(folder), files))
        writing.start()
        writing.join()
        print(f"begun with {psutil.Process().memory_info().rss / 2**20:.0f} MiB resident")
        answers = Answers(files)
        watch = Stopwatch(answers)
        settlement = settle_and_report(run_of(Path(folder)), Path(folder), watch, answers)
        for path in sorted((Path(folder) / "report").iterdir()):
            print(f"{path.name:>16} {path.stat().st_size:>14,} bytes")
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"together {watch.wall_s:.1f} s, {watch.cpu_s:.1f} s of CPU, {peak_mib:.0f} MiB at most")
    print(f"{pace_s():.2f} s of CPU for the same piece of work, after")
    print(json.dumps(settlement.counts))
    print(settlement.rate, settlement.latency_ms["end_to_end"])
    print(settlement.verification, settlement.problems, settlement.notes)


if __name__ == "__main__":
    main()
