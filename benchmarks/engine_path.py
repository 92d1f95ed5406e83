"""What one file costs the engine on route `queued`, without SFTP and Locust: S3 put → … → table row.

    taskset -c 0,1 python -m benchmarks.engine_path [--files 400] [--rate 18] [--repeat 3] [--recording lean]
        [--set NAME=VALUE]

Starts LocalStack, deploys the real pipeline and puts files of 10 KiB straight into the source bucket, at a
rate or, without one, as fast as a few threads can. Prints files per second from the first put until the queue
is empty, and the CPU that the engine process and the Lambda processes used for each file: each repetition and
the median, and the AWS calls for each file of the last one. The putting itself is this process's own CPU and
shares the cores.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil

from harness.aws import client
from harness.deploy import Deployment, PipelineOptions, deploy
from harness.engines.base import EngineInfo
from harness.engines.localstack import calls, settings
from harness.engines.localstack.host import LocalStackHost

FILE_BYTES = 10 * 1024
PUT_THREADS = 4
WARM_UP_FILES = 60
SETTLE_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Figures:
    """One repetition. CPU in milliseconds for each file."""

    files_per_s: float
    engine_cpu_ms: float
    functions_cpu_ms: float


@dataclass(frozen=True)
class Bench:
    """A pipeline that is up."""

    info: EngineInfo
    deployment: Deployment
    process: psutil.Process

    def run(self, files: int, rate_per_s: float | None) -> Figures:
        """Put the files and wait until the queue is empty."""
        engine_s, functions_s, started = self._engine_cpu_s(), self._functions_cpu_s(), time.monotonic()
        self._put(files, rate_per_s)
        self._wait_until_empty()
        elapsed_s = time.monotonic() - started
        return Figures(
            files / elapsed_s,
            1000 * (self._engine_cpu_s() - engine_s) / files,
            1000 * (self._functions_cpu_s() - functions_s) / files,
        )

    def rows(self) -> int:
        pages = client("dynamodb", self.info).get_paginator("scan")
        return sum(page["Count"] for page in pages.paginate(TableName=self.deployment.table, Select="COUNT"))

    def _put(self, files: int, rate_per_s: float | None) -> None:
        s3, run = client("s3", self.info), uuid.uuid4().hex[:8]
        started = time.monotonic()

        def put(number: int) -> None:
            if rate_per_s:
                time.sleep(max(0.0, started + number / rate_per_s - time.monotonic()))
            s3.put_object(
                Bucket=self.deployment.source_bucket,
                Key=f"customer-{number % 20}/incoming/{run}-{number}.csv",
                Body=b"x" * FILE_BYTES,
            )

        with ThreadPoolExecutor(PUT_THREADS) as pool:
            list(pool.map(put, range(files)))

    def _wait_until_empty(self) -> None:
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        queues = [url for name, url in self.deployment.queues.items() if name in ("work", "recorder")]
        quiet = 0
        while quiet < 2:
            quiet = quiet + 1 if all(self._is_empty(url) for url in queues) else 0
            if time.monotonic() > deadline:
                raise SystemExit(f"the queues did not become empty in {SETTLE_TIMEOUT_S:.0f} s")
            time.sleep(0.1)

    def _is_empty(self, queue_url: str) -> bool:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer: dict[str, Any] = client("sqs", self.info).get_queue_attributes(
            QueueUrl=queue_url, AttributeNames=names
        )
        return all(value == "0" for value in answer["Attributes"].values())

    def calls(self) -> dict[str, int]:
        """Return the calls that came to the engine since its start, the benchmark's own included."""
        return calls.read(self.info) or {}

    def _engine_cpu_s(self) -> float:
        times = self.process.cpu_times()
        return times.user + times.system

    def _functions_cpu_s(self) -> float:
        """CPU of all processes below the engine, those that have ended included."""
        ended = self.process.cpu_times()
        total = ended.children_user + ended.children_system
        for child in self.process.children(recursive=True):
            try:
                times = child.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        return total


@contextmanager
def pipeline(overrides: dict[str, str], options: PipelineOptions) -> Iterator[Bench]:
    """Bring engine and pipeline up; stop both in the end."""
    original = settings.environment

    def environment(**arguments: Any) -> dict[str, str]:
        return original(**arguments) | overrides

    engine = LocalStackHost()
    with tempfile.TemporaryDirectory() as folder, patch.object(settings, "environment", environment):
        try:
            info = engine.start(Path(folder), _say)
            deployment = deploy(
                info,
                engine.capabilities(),
                stack_name="engine-path",
                options=options,
                work_dir=Path(folder) / "deploy",
                progress=_say,
            )
            yield Bench(info, deployment, psutil.Process(engine.processes()[0].pid))
        finally:
            engine.stop()


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _pairs(values: list[str]) -> dict[str, str]:
    return dict(value.split("=", 1) for value in values)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=400)
    parser.add_argument("--rate", type=float, help="files per second; without it as fast as it goes")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="engine variable")
    parser.add_argument(
        "--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the template"
    )
    parser.add_argument("--recording", choices=["full", "lean"])
    arguments = parser.parse_args()
    options = PipelineOptions(recording=arguments.recording, parameters=_pairs(arguments.parameter))
    with pipeline(_pairs(arguments.set), options) as bench:
        bench.run(WARM_UP_FILES, None)
        print(f"engine pid {bench.process.pid}", file=sys.stderr)
        figures = []
        for _ in range(arguments.repeat):
            before = bench.calls()
            figures.append(bench.run(arguments.files, arguments.rate))
            _print(figures[-1])
        for name, count in sorted(bench.calls().items()):
            if count > before.get(name, 0):
                print(f"{name} {(count - before.get(name, 0)) / arguments.files:.2f} per file")
        expected = WARM_UP_FILES + arguments.files * arguments.repeat
        print(f"rows {bench.rows()} of {expected}")
        _print(
            Figures(
                statistics.median(one.files_per_s for one in figures),
                statistics.median(one.engine_cpu_ms for one in figures),
                statistics.median(one.functions_cpu_ms for one in figures),
            ),
            "median ",
        )


def _print(figures: Figures, label: str = "") -> None:
    print(
        f"{label}{figures.files_per_s:.1f} files/s, CPU per file: "
        f"engine {figures.engine_cpu_ms:.1f} ms, functions {figures.functions_cpu_ms:.1f} ms",
        flush=True,
    )


if __name__ == "__main__":
    main()
