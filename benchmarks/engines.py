"""What each engine can do with the same scenario, on the same cores: a table to choose by.

    python -m benchmarks.engines localstack ministack localstack:docker [--routes queued nested] [--cores 0,1]

For each engine and route: brings a stack up (the time of that is the start-up), then
- a burst of 300 files at once, for the memory of engine and functions;
- a ramp (as in `scenarios/ramp-to-knee.yaml`) for the highest rate that is sustained, with CPU for each file
  and memory; its first rate comes from `--from`, or from a guess for the engine, and grows tenfold.
Everything, the load generator and an engine's container too, runs on `--cores`. Prints a Markdown table; the
reports are left in `--out`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.deploy.options import PipelineOptions
from harness.stack import lifecycle
from harness.stack.description import StackDescription

STACK = "bench-engines"
BURST_FILES = 300
FIRST_RATES = {
    ("localstack", "queued"): 6.0,
    ("localstack", "nested"): 2.0,
    ("localstack:docker", "queued"): 6.0,
    ("localstack:docker", "nested"): 2.0,
    ("ministack", "queued"): 12.0,
    ("ministack", "nested"): 4.0,
}
"""Where a ramp begins, files per second; the knee is expected within ten times that."""
HEADINGS = (
    "engine",
    "route",
    "up after, s",
    "knee, files/s",
    "engine CPU per file, ms",
    "functions CPU per file, ms",
    "engine, MiB",
    "functions, MiB",
    f"burst of {BURST_FILES}: engine, MiB",
    "functions, MiB",
    "all delivered after, s",
)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    engine: str
    route: str
    up_s: float
    ramp: dict[str, Any]
    burst: dict[str, Any]

    def cells(self) -> list[str]:
        """Return its cells as text, in the order of `HEADINGS`."""
        delivered = self.ramp["files"]["delivered"]
        cpu = {role: 1000 * used["cpu_s"] / delivered for role, used in self.ramp["resources"].items()}
        return [
            self.engine,
            self.route,
            f"{self.up_s:.1f}",
            _knee(self.ramp["knee"]),
            f"{cpu['engine']:.1f}",
            f"{cpu['functions']:.1f}",
            *_memory(self.ramp),
            *_memory(self.burst),
            f"{self.burst['latency_ms']['end_to_end']['max'] / 1000:.1f}",
        ]


def main() -> None:
    arguments = _arguments()
    os.sched_setaffinity(0, arguments.cores)
    rows = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_STATE_HOME"] = home
        for engine in arguments.engines:
            rows += [_measure(engine, route, arguments) for route in arguments.routes]
    print(_table([list(HEADINGS), *(row.cells() for row in rows)]))


def _measure(engine: str, route: str, arguments: argparse.Namespace) -> Row:
    with _stack(engine, route, arguments.cores) as up_s:
        first = arguments.first_rate or FIRST_RATES.get((engine, route), 2.0)
        out = arguments.out / f"{engine.replace(':', '-')}-{route}"
        burst = _run("burst", _burst(), out)
        return Row(engine, route, up_s, _run("ramp", _ramp(first, arguments.minutes), out), burst)


@contextmanager
def _stack(engine: str, route: str, cores: set[int]) -> Iterator[float]:
    """Keep a stack up; yield how many seconds that took."""
    begun = time.monotonic()
    try:
        up = lifecycle.up(STACK, engine=engine, pipeline=PipelineOptions(route=route), progress=_say)
        taken_s = time.monotonic() - begun
        if up.engine.mode == "docker":
            _pin_container(up, cores)
        yield taken_s
    finally:
        lifecycle.down(STACK, _say)


def _pin_container(up: StackDescription, cores: set[int]) -> None:
    """Keep the engine's container on the cores: it is no child of ours."""
    label = f"label=dev.floodgate.stack={up.name}"
    found = subprocess.run(["docker", "ps", "-q", "-f", label], capture_output=True, text=True, check=True)
    for container in found.stdout.split():
        spec = ",".join(map(str, sorted(cores)))
        subprocess.run(["docker", "update", "--cpuset-cpus", spec, container], check=True, stdout=sys.stderr)


def _ramp(first_rate: float, minutes: float) -> dict[str, Any]:
    profile = {"kind": "ramp", "factor": 10, "steps": 10}
    return {"rate_per_s": first_rate, "profile": profile, "minutes": minutes, "evaluations": ["knee"]}


def _burst() -> dict[str, Any]:
    return {"rate_per_s": float(BURST_FILES), "files": BURST_FILES}


def _run(name: str, workload: dict[str, Any], out: Path) -> dict[str, Any]:
    """Run a workload on the stack that is up; return its summary."""
    folder = out / name
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"{name}.yaml"
    more = {"arrivals": "constant", "start_within_s": 30}
    file.write_text(json.dumps({"description": name, **more, **workload}))
    command = [sys.executable, "-m", "harness.cli", "run", str(file), "--name", STACK, "--out", str(folder)]
    subprocess.run(command, stdout=sys.stderr, check=False)
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    if summary["files"]["delivered"] != summary["files"]["uploaded"]:
        raise SystemExit(f"not all files were delivered: {summary['files']}")
    return summary


def _knee(knee: dict[str, Any]) -> str:
    sustained = knee["sustained_per_s"]
    if sustained is None:
        return f"below {knee['first_failed_per_s']:.1f}"
    return f"{sustained:.1f}" if knee["first_failed_per_s"] is not None else f"{sustained:.1f} or more"


def _memory(summary: dict[str, Any]) -> list[str]:
    return [f"{summary['resources'][role]['rss_max_mib']:.0f}" for role in ("engine", "functions")]


def _table(lines: list[list[str]]) -> str:
    ruled = [lines[0], ["---"] * len(lines[0]), *lines[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in ruled)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("engines", nargs="+", help="as `--engine` takes them")
    parser.add_argument("--routes", nargs="+", default=["queued", "nested"])
    parser.add_argument("--cores", type=_cores, default=_cores("0,1"), metavar="0,1")
    parser.add_argument("--minutes", type=float, default=2.5, help="of each ramp")
    parser.add_argument("--from", dest="first_rate", type=float, help="first rate of each ramp, files/s")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "floodgate-engines")
    arguments = parser.parse_args()
    if arguments.out.exists():
        parser.error(f"{arguments.out} is there already")
    return arguments


def _cores(text: str) -> set[int]:
    return {int(number) for number in text.split(",")}


if __name__ == "__main__":
    main()
