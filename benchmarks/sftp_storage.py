"""What calls to S3 cost the SFTP process, by client library.

    python -m benchmarks.sftp_storage [--endpoint URL] [--calls 400]

Each library runs in a process of its own, 8 calls at once, uvloop, after 20 to warm up: 10 KiB objects with
Transfer's metadata, a page of 100 keys, multipart uploads of two parts of 5 MiB. aiobotocore is measured
when it is installed (it is not a dependency). The engine is shared with whatever else runs, so compare CPU,
not calls per second. Figures and what was chosen: `benchmarks/README.md`.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import resource
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

from benchmarks.sftp_stack import a_bucket, an_engine
from benchmarks.sftp_storage_clients import CLIENTS, PAGE_KEYS
from harness import aws
from harness.engines.base import EngineInfo

AT_ONCE = 8
WARM_UP = 20
OPERATIONS = ("put", "head", "get", "list", "copy", "delete", "multipart")
FEWER = {"multipart": 10, "list": 4}
"""Calls that are long are made this many times less often."""


async def measure(name: str, engine: EngineInfo, bucket: str, calls: int) -> dict[str, float]:
    """Return CPU milliseconds for each call, by operation."""
    found = {}
    async with CLIENTS[name](engine, bucket) as operations:
        for operation in OPERATIONS:
            number = max(AT_ONCE, calls // FEWER.get(operation, 1))
            kind = "multi" if operation == "multipart" else "small"
            keys = [f"{name}/{kind}-{index}" for index in range(number)]
            await _all(operations[operation], keys[:WARM_UP])
            before = _cpu_s()
            await _all(operations[operation], keys)
            found[operation] = (_cpu_s() - before) / number * 1000
    return found


async def _all(call: Callable[[str], Awaitable[Any]], keys: list[str]) -> None:
    waiting = iter(keys)

    async def work() -> None:
        for key in waiting:
            await call(key)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def compare(engine: EngineInfo, calls: int) -> None:
    bucket = a_bucket(engine)
    s3 = aws.client("s3", engine)
    for number in range(PAGE_KEYS):
        s3.put_object(Bucket=bucket, Key=f"page/{number:03}", Body=b"")
    print(f"{'CPU ms/call':12}" + "".join(f"{operation:>11}" for operation in OPERATIONS))
    for name in CLIENTS:
        if name == "aiobotocore" and importlib.util.find_spec("aiobotocore") is None:
            print("aiobotocore  not installed")
            continue
        command = [sys.executable, "-m", "benchmarks.sftp_storage", "--endpoint", engine.endpoint_url]
        command += ["--calls", str(calls), "--client", name, "--bucket", bucket]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        print(f"{name:12}" + "".join(f"{found[operation]:11.2f}" for operation in OPERATIONS), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--endpoint")
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--client", choices=CLIENTS, help=argparse.SUPPRESS)
    parser.add_argument("--bucket", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with an_engine(arguments.endpoint) as engine:
        if arguments.client:
            print(
                json.dumps(uvloop.run(measure(arguments.client, engine, arguments.bucket, arguments.calls)))
            )
            return
        compare(engine, arguments.calls)


if __name__ == "__main__":
    main()
