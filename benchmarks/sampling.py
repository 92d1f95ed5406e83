"""What a look of the sampling costs: the engine one answer, the harness the asking and all processes.

    python -m benchmarks.sampling [--looks 300]

Starts an engine of its own with a thousand messages in a queue; nothing else runs on it. The answers' own
account (`cpu_s`) leaves out the engine's HTTP layer, which is why the process as a whole is measured here.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import psutil

from harness import aws
from harness.engines import process, registry
from harness.engines.base import EngineInfo, ProcessRecord
from harness.engines.localstack.host import LocalStackHost
from harness.measure.resources import ResourceSampler

MESSAGES = 1000


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--looks", type=int, default=300)
    looks: int = arguments.parse_args().looks
    engine = LocalStackHost()
    with tempfile.TemporaryDirectory() as folder:
        try:
            info = engine.start(Path(folder), print)
            fill(info)
            (record,) = engine.processes()
            answers(info, psutil.Process(record.pid), looks)
            processes(record, looks)
        finally:
            engine.stop()


def fill(info: EngineInfo) -> None:
    sqs = aws.client("sqs", info)
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    for number in range(0, MESSAGES, 10):
        entries = [{"Id": str(part), "MessageBody": f"{number + part}"} for part in range(10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)


def answers(info: EngineInfo, engine: psutil.Process, looks: int) -> None:
    read = registry.live_figures(info)
    assert read is not None
    first = read(0.0)
    own_s, engine_s = time.process_time(), sum(engine.cpu_times()[:2])
    for _ in range(looks):
        last = read(first.at)
    engine_ms = 1000 * (sum(engine.cpu_times()[:2]) - engine_s) / looks
    print(f"engine, one answer   {engine_ms:6.2f} ms of CPU", end="")
    print(f" ({1000 * (last.cpu_s - first.cpu_s) / looks:.2f} ms by its own account)")
    print(f"harness, one answer  {1000 * (time.process_time() - own_s) / looks:6.2f} ms of CPU")


def processes(engine: ProcessRecord, looks: int) -> None:
    records = [engine, process.record_of("harness", os.getpid())]
    sampler = ResourceSampler(lambda: records)
    sampler.look()
    begun_s = time.process_time()
    for _ in range(looks):
        sampler.look()
    each_ms = 1000 * (time.process_time() - begun_s) / looks
    print(f"harness, {len(records)} processes of {len(psutil.pids())}  {each_ms:.2f} ms of CPU")
    print("                     (and one reading of the machine's processes every two seconds)")


if __name__ == "__main__":
    main()
