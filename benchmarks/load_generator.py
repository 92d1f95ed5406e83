"""What one process of the load generator can do, beside plain Locust with paramiko.

    python -m benchmarks.load_generator [FILES]

Everything runs against one SFTP server that keeps nothing, on one core. Two workers share the files; their
CPU has that of their master in it. CPU per file leaves out what starting and stopping costs (measured by a
run of one file). The rates are those of a generator that is driven flat out; on a machine that is busy with
other things, compare them with each other only.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.load.conftest import REPOSITORY, Bench, SftpServer
from tests.integration.load.distributed import Fleet

SIZE_BYTES = 10 * 1024
USERS = 8


@dataclass(frozen=True)
class Figure:
    """CPU and wall time of one run."""

    files: int
    cpu_s: float
    wall_s: float


def main(files: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        try:
            server = bench.server()
            print(f"{'generator':<22}{'sessions':<10}{'files/s':>10}{'CPU ms/file':>14}")
            for fresh, count in ((False, files), (True, files // 10)):
                for name, run in GENERATORS.items():
                    report(name, fresh, measured(run, bench, server, fresh, count))
            lag_at(bench, server, 11.6, seconds=20)
            lag_at(bench, server, 200.0, seconds=10)
        finally:
            bench.stop_all()


Runner = Callable[[Bench, SftpServer, bool, int], None]


def measured(run: Runner, bench: Bench, server: SftpServer, fresh: bool, files: int) -> Figure:
    idle = timed(run, bench, server, fresh, 1)
    busy = timed(run, bench, server, fresh, files)
    return Figure(files, busy.cpu_s - idle.cpu_s, busy.wall_s - idle.wall_s)


def timed(run: Runner, bench: Bench, server: SftpServer, fresh: bool, files: int) -> Figure:
    before, started_s = children_cpu_s(), time.monotonic()
    run(bench, server, fresh, files)
    return Figure(files, children_cpu_s() - before, time.monotonic() - started_s)


def scenario(bench: Bench, fresh: bool, files: int) -> str:
    size = f"SizeClass(min_bytes={SIZE_BYTES}, max_bytes={SIZE_BYTES})"
    return bench.scenario(
        f"rate_per_s=1e5, files={files}, customers={USERS}, sizes=({size},), sessions_per_customer=1, "
        f"fresh_session_share={float(fresh)}, start_within_s=600.0, max_concurrent_uploads={USERS * 4}"
    )


def run_floodgate(bench: Bench, server: SftpServer, fresh: bool, files: int) -> None:
    run_load(bench, bench.config(server, scenario(bench, fresh, files)), expected=files)


def run_workers(bench: Bench, server: SftpServer, fresh: bool, files: int) -> None:
    """A master and two workers, whose ledgers travel to it."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as ledger_dir:
        fleet = Fleet(bench)
        master = fleet.start(server, scenario(bench, fresh, files), workers=2, ledger_dir=ledger_dir)
        codes = [load.wait() for load in (*fleet.join(2), master)]
        uploaded = sum(len(fleet.lines(number, "uploaded")) for number in range(2))
    if any(codes) or uploaded != files:
        raise SystemExit(f"only {uploaded} of {files} files were uploaded, exit codes {codes}")


def lag_at(bench: Bench, server: SftpServer, rate_per_s: float, seconds: float) -> None:
    config = bench.config(server, "million-a-day", rate_per_s=rate_per_s, duration_s=seconds)
    before = children_cpu_s()
    lines = run_load(bench, config)
    cpu_s = children_cpu_s() - before
    intended = {line["id"]: line["intended_at"] for line in lines if line["e"] == "offered"}
    lags = sorted(line["at"] - intended[line["id"]] for line in lines if line["e"] == "started")
    p50, p99 = (lags[int(len(lags) * share)] * 1000 for share in (0.5, 0.99))
    print(
        f"million-a-day at {rate_per_s}/s: lag p50 {p50:.1f} ms, p99 {p99:.1f}, max {lags[-1] * 1000:.1f} "
        f"({len(lags)} of {len(intended)} files started), {cpu_s:.1f} s of CPU with start-up"
    )


def run_load(bench: Bench, config: dict[str, Any], expected: int | None = None) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(dir=bench.folder) as ledger_dir:
        config["ledger_dir"] = ledger_dir
        file = Path(ledger_dir) / "load.json"
        file.write_text(json.dumps(config))
        subprocess.run([sys.executable, "-m", "harness.load", str(file)], cwd=REPOSITORY, check=True)
        ledger = (Path(ledger_dir) / "ledger-0.jsonl").read_text().splitlines()
    lines = [json.loads(line) for line in ledger]
    uploaded = sum(line["e"] == "uploaded" for line in lines)
    if expected is not None and uploaded != expected:
        raise SystemExit(f"only {uploaded} of {expected} files were uploaded")
    return lines


def run_paramiko(bench: Bench, server: SftpServer, fresh: bool, files: int) -> None:
    config = bench.config(server, "")
    told = {
        "sftp": config["sftp"],
        "users": config["users"],
        "files": files,
        "size_bytes": SIZE_BYTES,
        "fresh_sessions": fresh,
    }
    subprocess.run(
        f"locust -f benchmarks/paramiko_locustfile.py --headless -u {USERS} -r {USERS} -L ERROR".split(),
        cwd=REPOSITORY,
        env=os.environ
        | {
            "FLOODGATE_BENCHMARK": json.dumps(told),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=120,
        check=True,
    )


GENERATORS: dict[str, Runner] = {
    "floodgate": run_floodgate,
    "floodgate, 2 workers": run_workers,
    "locust + paramiko": run_paramiko,
}


def children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def report(name: str, fresh: bool, figure: Figure) -> None:
    sessions = "fresh" if fresh else "open"
    print(
        f"{name:<22}{sessions:<10}{figure.files / figure.wall_s:>10.0f}"
        f"{figure.cpu_s / figure.files * 1000:>14.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
