"""What one file costs the engine on each route, without SFTP and Locust: S3 put → … → table row.

    taskset -c 0,1 python -m benchmarks.routes --own standard [--files 200] [--rate 12] [--set NAME=VALUE]

Starts LocalStack, makes the pipeline and puts files of 10 KiB straight into the source bucket, at a rate or,
without one, as fast as a few threads can. Prints files per second from the first put until nothing runs any
more, and the CPU of the engine process and of the Lambda processes for each file.
"""

from __future__ import annotations

import argparse
import shutil
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

from benchmarks import routes_machines
from harness.aws import client
from harness.engines.base import EngineInfo
from harness.engines.localstack import settings
from harness.engines.localstack.host import LocalStackHost

FILE_BYTES = 10 * 1024
PUT_THREADS = 4
WARM_UP_FILES = 40


@dataclass(frozen=True)
class Figures:
    """One repetition. CPU in milliseconds for each file."""

    files_per_s: float
    engine_cpu_ms: float
    functions_cpu_ms: float


@dataclass
class Bench:
    """A pipeline that is up; `done` files have been through it."""

    info: EngineInfo
    own: routes_machines.OwnPipeline
    process: psutil.Process
    done: int = 0

    def run(self, files: int, rate_per_s: float | None) -> Figures:
        """Put the files and wait until nothing runs any more."""
        engine_s, functions_s, started = self._engine_cpu_s(), self._functions_cpu_s(), time.monotonic()
        self._put(files, rate_per_s)
        self.done += files
        routes_machines.wait_until_idle(self.info, self.own.parent, self.own.table, self.done)
        elapsed_s = time.monotonic() - started
        return Figures(
            files / elapsed_s,
            1000 * (self._engine_cpu_s() - engine_s) / files,
            1000 * (self._functions_cpu_s() - functions_s) / files,
        )

    def _put(self, files: int, rate_per_s: float | None) -> None:
        s3, run = client("s3", self.info), uuid.uuid4().hex[:8]
        started = time.monotonic()

        def put(number: int) -> None:
            if rate_per_s:
                time.sleep(max(0.0, started + number / rate_per_s - time.monotonic()))
            key = f"customer-{number % 20}/incoming/{run}-{number}.csv"
            s3.put_object(Bucket=self.own.source_bucket, Key=key, Body=b"x" * FILE_BYTES)

        with ThreadPoolExecutor(PUT_THREADS) as pool:
            list(pool.map(put, range(files)))

    def _engine_cpu_s(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def _functions_cpu_s(self) -> float:
        """CPU of all processes below the engine, those that have ended included."""
        ended = self.process.cpu_times()
        total = float(ended.children_user + ended.children_system)
        for child in self.process.children(recursive=True):
            try:
                times = child.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        return total


@contextmanager
def pipeline(own: str, overrides: dict[str, str], log_copy: Path | None) -> Iterator[Bench]:
    """Bring engine and pipeline up; stop both in the end, and keep the engine's log where asked."""
    original = settings.environment

    def environment(**arguments: Any) -> dict[str, str]:
        return original(**arguments) | overrides

    engine = LocalStackHost()
    with tempfile.TemporaryDirectory() as folder, patch.object(settings, "environment", environment):
        try:
            info = engine.start(Path(folder), _say)
            made = routes_machines.create(info, child_type=own.upper())
            yield Bench(info, made, psutil.Process(engine.processes()[0].pid))
        finally:
            log_file = engine.log_file()
            if log_copy and log_file:
                shutil.copyfile(log_file, log_copy)
            engine.stop()


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--own", choices=("standard", "express"), default="standard")
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--rate", type=float, help="files per second; without it as fast as it goes")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="engine variable")
    parser.add_argument("--log", type=Path, help="where to keep the engine's log")
    arguments = parser.parse_args()
    overrides = dict(value.split("=", 1) for value in arguments.set)
    with pipeline(arguments.own, overrides, arguments.log) as bench:
        bench.run(WARM_UP_FILES, None)
        _say(f"engine pid {bench.process.pid}")
        figures = []
        for _ in range(arguments.repeat):
            figures.append(bench.run(arguments.files, arguments.rate))
            _print(figures[-1])
        _print(_median(figures), "median ")


def _median(figures: list[Figures]) -> Figures:
    return Figures(
        statistics.median(one.files_per_s for one in figures),
        statistics.median(one.engine_cpu_ms for one in figures),
        statistics.median(one.functions_cpu_ms for one in figures),
    )


def _print(figures: Figures, label: str = "") -> None:
    print(
        f"{label}{figures.files_per_s:.1f} files/s, CPU per file: "
        f"engine {figures.engine_cpu_ms:.1f} ms, functions {figures.functions_cpu_ms:.1f} ms",
        flush=True,
    )


if __name__ == "__main__":
    main()
