"""Sampling real process trees: roles of children, processes that vanish, deaths that must be told."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest

from harness.engines import process as processes
from harness.engines.base import ProcessRecord
from harness.measure.resources import ResourceSampler

pytestmark = pytest.mark.integration

_DEADLINE_S = 30.0
_BUSY = "while True: sum(range(1000))"
_WITH_CHILD = (
    "import subprocess, sys\n"
    f"child = subprocess.Popen([sys.executable, '-c', {_BUSY!r}, 'awslambdaric'])\n"
    "sys.stdin.read()\n"
    "child.kill(); child.wait()\n"
)


@contextmanager
def running(code: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run Python code; the end of its standard input is its sign to end."""
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def record_of(process: subprocess.Popen[bytes], role: str = "engine") -> ProcessRecord:
    return processes.record_of(role, process.pid)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def test_children_that_run_the_lambda_runtime_are_functions() -> None:
    with running(_WITH_CHILD) as process:
        record = record_of(process)
        with ResourceSampler(lambda: [record], interval_s=0.05, tree_every_s=0.05) as sampler:
            until(lambda: "functions" in sampler.use and sampler.use["functions"].cpu_s > 0.2)
        assert sampler.use["functions"].cpu_s > sampler.use["engine"].cpu_s
        assert sampler.use["engine"].rss_max_mib > 1


def test_a_process_with_its_own_record_is_not_part_of_its_parent() -> None:
    with running(_WITH_CHILD) as process:
        until(lambda: bool(psutil.Process(process.pid).children()))
        (child,) = psutil.Process(process.pid).children()
        records = [record_of(process, "harness"), processes.record_of("load", child.pid)]
        with ResourceSampler(lambda: records, interval_s=0.05, tree_every_s=0.05) as sampler:
            until(lambda: sampler.use["load"].cpu_s > 0.1)
        assert set(sampler.use) == {"harness", "load"}


def test_a_required_process_that_dies_is_told_and_sampling_goes_on() -> None:
    died = threading.Event()
    with running("import sys; sys.stdin.read()") as doomed, running("import sys; sys.stdin.read()") as other:
        records = [record_of(doomed, "sftp"), record_of(other)]
        sampler = ResourceSampler(
            lambda: records,
            required=frozenset({"sftp"}),
            on_death=lambda record: died.set() if record.pid == doomed.pid else None,
            interval_s=0.05,
        )
        with sampler:
            doomed.kill()
            assert died.wait(_DEADLINE_S)
            seen = len(sampler.use["engine"].samples)
            until(lambda: len(sampler.use["engine"].samples) > seen + 2)
        assert sampler.failure is None
