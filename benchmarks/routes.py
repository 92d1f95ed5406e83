"""What one file costs on each route, without SFTP and Locust: S3 put to final row, nothing running any more.

    taskset -c 0,1 python -m benchmarks.routes nested nested-express [--files 200] [--rate 12]

For each variant: starts LocalStack, deploys the pipeline and puts files of 10 KiB straight into the source
bucket, at a rate or, without one, as fast as a few threads can. Prints files per second, the CPU of the
engine, of the Lambda processes and of stand-ins for each file, and the AWS calls that came over HTTP for each
file (the put among them). `own` and `own-express` are a small pipeline that makes the calls of `nested` and
nothing else. `--set NAME=VALUE` sets a variable of the engine.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass

import psutil

from benchmarks.routes_pipelines import OWN, VARIANTS, Pipeline, pipeline
from harness.aws import client
from harness.engines.localstack import calls

FILE_BYTES = 10 * 1024
PUT_THREADS = 4
WARM_UP_FILES = 60


@dataclass(frozen=True)
class Figures:
    """One repetition. CPU in milliseconds for each file, memory at its end."""

    files_per_s: float
    engine_cpu_ms: float
    functions_cpu_ms: float
    stand_ins_cpu_ms: float
    calls: float
    engine_mib: float

    def __str__(self) -> str:
        return (
            f"{self.files_per_s:.1f} files/s, CPU per file: engine {self.engine_cpu_ms:.1f} ms, "
            f"functions {self.functions_cpu_ms:.1f} ms, stand-ins {self.stand_ins_cpu_ms:.1f} ms; "
            f"{self.calls:.1f} AWS calls per file; engine {self.engine_mib:.0f} MiB"
        )


class Bench:
    """Puts files into a pipeline and looks at what that costs."""

    def __init__(self, running: Pipeline) -> None:
        self._running = running
        self._done = 0
        processes = {record.role: psutil.Process(record.pid) for record in running.processes}
        self.engine = processes["engine"]
        self._stand_ins = processes.get("stand-ins")

    def run(self, files: int, rate_per_s: float | None) -> Figures:
        """Put the files and wait until nothing runs any more. SystemExit where one was not transferred."""
        before, calls_before, started = self._cpu_s(), self._calls(), time.monotonic()
        self._put(files, rate_per_s)
        self._done += files
        statuses = self._running.wait_until_idle(self._done)
        elapsed_s = time.monotonic() - started
        if statuses != {"transferred": self._done}:
            raise SystemExit(f"not all files were transferred: {statuses}")
        engine, functions, stand_ins = (
            1000 * (after - one) / files for after, one in zip(self._cpu_s(), before, strict=True)
        )
        calls_each = (self._calls() - calls_before) / files
        memory_mib = self.engine.memory_info().rss / 2**20
        return Figures(files / elapsed_s, engine, functions, stand_ins, calls_each, memory_mib)

    def _put(self, files: int, rate_per_s: float | None) -> None:
        s3, run = client("s3", self._running.engine), uuid.uuid4().hex[:8]
        started = time.monotonic()

        def put(number: int) -> None:
            if rate_per_s:
                time.sleep(max(0.0, started + number / rate_per_s - time.monotonic()))
            key = f"customer-{number % 20}/incoming/{run}-{number}.csv"
            s3.put_object(Bucket=self._running.source_bucket, Key=key, Body=b"x" * FILE_BYTES)

        with ThreadPoolExecutor(PUT_THREADS) as pool:
            list(pool.map(put, range(files)))

    def _calls(self) -> int:
        """AWS calls so far, without those of this program's own waiting."""
        counted = calls.read(self._running.engine) or {}
        own = ("dynamodb.Scan", "states.ListExecutions", "stepfunctions.ListExecutions")
        return sum(count for name, count in counted.items() if name not in own)

    def _cpu_s(self) -> tuple[float, float, float]:
        """CPU of the engine, of all processes below it, and of stand-ins with theirs."""
        stand_ins = sum(_cpu_of(self._stand_ins)) if self._stand_ins else 0.0
        return (*_cpu_of(self.engine), stand_ins)


def _cpu_of(process: psutil.Process) -> tuple[float, float]:
    """CPU of a process, and of all below it, those that have ended included."""
    own = process.cpu_times()
    below = own.children_user + own.children_system
    for child in process.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        below += times.user + times.system
    return own.user + own.system, below


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _median(figures: list[Figures]) -> Figures:
    return Figures(*(statistics.median(column) for column in zip(*map(astuple, figures), strict=True)))


def _measure(variant: str, arguments: argparse.Namespace) -> None:
    overrides = dict(value.split("=", 1) for value in arguments.set)
    with pipeline(variant, overrides, _say) as running:
        bench = Bench(running)
        bench.run(WARM_UP_FILES, arguments.rate)
        _say(f"engine pid {bench.engine.pid}")
        figures = []
        for _ in range(arguments.repeat):
            figures.append(bench.run(arguments.files, arguments.rate))
            _say(f"{variant}: {figures[-1]}")
        print(f"{variant}: median {_median(figures)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("variants", nargs="+", choices=[*OWN, *VARIANTS])
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--rate", type=float, help="files per second; without it as fast as it goes")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="engine variable")
    arguments = parser.parse_args()
    for variant in arguments.variants:
        _measure(variant, arguments)


if __name__ == "__main__":
    main()
