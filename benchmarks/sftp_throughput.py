"""Small files per second through the SFTP front end, on open sessions and with a session for each file.

    python -m benchmarks.sftp_throughput [--endpoint URL] [--seconds 10]

Once with a sink for storage (the front end's own limit) and once with S3. Two asyncssh client processes
with four sessions each upload 4 KiB files. "busy" is the share of one core that a process used: the one
near 1.0 is the limit.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from benchmarks.sftp_stack import a_bucket, an_engine
from harness.engines.base import EngineInfo
from tests.integration.sftp.front_end import FrontEnd

CLIENT_PROCESSES = 2
SESSIONS_PER_CLIENT = 4
SINK = "benchmarks.sftp_sink_server"
S3 = "harness.sftp"


def measure(engine: EngineInfo, bucket: str, folder: Path, module: str, mode: str, seconds: float) -> None:
    front_end = FrontEnd(folder, engine, bucket, module=module).start()
    try:
        server = psutil.Process(front_end.process.pid if front_end.process else 0)
        before = sum(server.cpu_times()[:2])
        results = _run_clients(front_end, mode, seconds)
        server_cpu_s = sum(server.cpu_times()[:2]) - before
    finally:
        front_end.stop()
    files, took_s = sum(r["files"] for r in results), max(r["took_s"] for r in results)
    closed = len(front_end.uploads("closed"))
    assert closed == files, f"{files} files were sent, {closed} are in the journal"
    client_busy = max(r["cpu_s"] / r["took_s"] for r in results)
    print(
        f"{'sink' if module == SINK else 's3':5} {mode:9} {files / took_s:8.1f} files/s   "
        f"server {server_cpu_s / files * 1000:5.2f} CPU ms/file, busy {server_cpu_s / took_s:4.2f}; "
        f"busiest client {client_busy:4.2f}",
        flush=True,
    )


def _run_clients(front_end: FrontEnd, mode: str, seconds: float) -> list[dict[str, float]]:
    command = [sys.executable, "-m", "benchmarks.sftp_client", mode, str(front_end.port), "alice"]
    command += [str(front_end.login().key_file), str(seconds), str(SESSIONS_PER_CLIENT), "."]
    clients = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(CLIENT_PROCESSES)]
    outputs = [client.communicate(timeout=seconds + 60)[0] for client in clients]
    return [json.loads(output) for output in outputs]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--endpoint")
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, an_engine(arguments.endpoint) as engine:
        bucket = a_bucket(engine)
        for module in (SINK, S3):
            for mode in ("open", "per-file"):
                where = Path(folder) / f"{module}-{mode}"
                measure(engine, bucket, where, module, mode, arguments.seconds)


if __name__ == "__main__":
    main()
