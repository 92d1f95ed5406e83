"""What each engine can do with the same scenario, on the same cores: a table to choose by.

    python -m benchmarks.engines localstack ministack localstack:docker [--routes queued nested] [--cores 0,1]

For each engine: brings a stack up and down once, so that nothing is installed or read from disk for the first
time in what follows. Then for each route: brings a stack up (the time of that is the start-up), and on it
- a burst of 300 files at once: what piles up, and the warm-up for the rest;
- a minute at a low rate, the same for all engines: CPU for each file while files are offered (what settling
  asks of the engine afterwards is left out), and memory when all engines have had the same files;
- a ramp (as in `scenarios/ramp-to-knee.yaml`) for the highest rate that is sustained. Its first rate comes
  from `--from`, or from a guess for the engine, and grows tenfold; it is begun again lower or higher where
  the knee is not within it. The table tells the next step, which was not sustained: the knee is in between.
Everything, the load generator and an engine's container too, runs on `--cores`; the generator and the SFTP
server take their share of them. Docker's proxy for the container's port is pinned, too, its CPU not counted.
Rows are printed as they come, all of them again as a Markdown table at the end; `--repeat` shows how far they
scatter. What spoils a row (other load on the machine, a late generator) is told in its last cell. The reports
are left in `--out`. Ends with 1 when an engine or a route could not be measured.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from harness.deploy.options import PipelineOptions
from harness.exceptions import FloodgateError
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
STEADY_PER_S = {"queued": 5.0, "nested": 2.0}
"""Well below the knee of every engine on two cores; other routes take that of `nested`."""
STEADY_MINUTES = 1.0
RAMPS = 3
"""How often a ramp is begun until the knee is within it."""
NEXT_RAMP = 5.0
OTHERS_CORES = 0.3
"""Other load on the machine that is worth telling."""
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
    "remarks",
)


@dataclass(frozen=True)
class Measured:
    """One run."""

    summary: dict[str, Any]
    series: dict[str, Any]

    def cpu_ms(self, role: str) -> float:
        """Return the CPU time of a role for each file that was delivered, while files were offered."""
        offered, begin = self.series["timeline"]["offered"], self.series["timeline"]["start_at"]
        end = begin + max(second for second, files in enumerate(offered) if files) + 1
        looks = self.series["resources"][role]
        core_percents: list[float] = [
            percent * (at - before)
            for before, at, percent in zip(
                looks["at"], looks["at"][1:], looks["cpu_percent"][1:], strict=False
            )
            if begin <= at <= end
        ]
        delivered = self.summary["files"]["delivered"]
        return 10 * sum(core_percents) / delivered if delivered else math.nan

    def memory(self) -> list[str]:
        """Return the most that engine and functions had, as cells."""
        return [f"{self.summary['resources'][role]['rss_max_mib']:.0f}" for role in ("engine", "functions")]

    def remarks(self, name: str) -> list[str]:
        """Return what spoils its figures."""
        files, others = self.summary["files"], self.summary["samples"].get("machine.others")
        undelivered = files["uploaded"] - files["delivered"]
        told = [f"{undelivered} files not delivered"] if undelivered else []
        if self.summary["generator"]["was_limit"]:
            told.append("the generator was late")
        if others and others["mean"] > OTHERS_CORES:
            told.append(f"others used {others['mean']:.1f} cores")
        return [f"{name}: {what}" for what in told]


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    engine: str
    route: str
    up_s: float
    burst: Measured
    steady: Measured
    ramp: Measured

    def cells(self) -> list[str]:
        """Return its cells as text, in the order of `HEADINGS`."""
        runs = {"burst": self.burst, "minute": self.steady, "ramp": self.ramp}
        return [
            self.engine,
            self.route,
            f"{self.up_s:.1f}",
            _knee(self.ramp.summary["knee"]),
            *(f"{self.steady.cpu_ms(role):.1f}" for role in ("engine", "functions")),
            *self.steady.memory(),
            *self.burst.memory(),
            f"{self.burst.summary['latency_ms']['end_to_end']['max'] / 1000:.1f}",
            "; ".join(remark for name, run in runs.items() for remark in run.remarks(name)),
        ]


class NotMeasuredError(Exception):
    """A run left no summary."""


def main() -> int:
    arguments = _arguments()
    os.sched_setaffinity(0, arguments.cores)
    rows: list[list[str]] = []
    failed = False
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_STATE_HOME"] = home
        for engine, route, out in _asked(arguments):
            try:
                cells = _measure(engine, route, out, arguments).cells()
            except (FloodgateError, NotMeasuredError) as exc:
                failed = True
                cells = [engine, route, *[""] * (len(HEADINGS) - 3), f"not measured: {exc}"]
            rows.append(cells)
            _say(_line(cells))
    print(_table([list(HEADINGS), *rows]))
    return int(failed)


def _asked(arguments: argparse.Namespace) -> Iterator[tuple[str, str, Path]]:
    """Yield engine, route and folder of each row, an engine's first after its stack was up once."""
    for engine in arguments.engines:
        _warm_up(engine, arguments.cores)
        for route in arguments.routes:
            for number in range(1, arguments.repeat + 1):
                yield engine, route, arguments.out / f"{engine.replace(':', '-')}-{route}-{number}"


def _warm_up(engine: str, cores: set[int]) -> None:
    """Have everything installed, built, imported and read once; what is wrong shows in the first row."""
    try:
        with _stack(engine, "queued", cores):
            pass
    except FloodgateError as exc:
        _say(f"{engine}: {exc}")


def _measure(engine: str, route: str, out: Path, arguments: argparse.Namespace) -> Row:
    with _stack(engine, route, arguments.cores) as up_s:
        burst, steady = _run("burst", _burst(), out), _run("steady", _steady(route), out)
        first = arguments.first_rate or FIRST_RATES.get((engine, route), 2.0)
        return Row(engine, route, up_s, burst, steady, _ramp_with_knee(first, arguments.minutes, out))


def _ramp_with_knee(first_rate: float, minutes: float, out: Path) -> Measured:
    """Run ramps until one has the knee within it, or `RAMPS` of them."""
    for number in range(1, RAMPS + 1):
        ramp = _run(f"ramp-{number}", _ramp(first_rate, minutes), out)
        knee = ramp.summary["knee"]
        if None not in (knee["sustained_per_s"], knee["first_failed_per_s"]):
            break
        first_rate *= 1 / NEXT_RAMP if knee["sustained_per_s"] is None else NEXT_RAMP
    return ramp


@contextmanager
def _stack(engine: str, route: str, cores: set[int]) -> Iterator[float]:
    """Keep a stack up; yield how many seconds that took."""
    begun = time.monotonic()
    try:
        with _container_on(cores, wanted=engine.endswith(":docker")):
            up = lifecycle.up(STACK, engine=engine, pipeline=PipelineOptions(route=route), progress=_say)
        taken_s = time.monotonic() - begun
        if up.engine.mode == "docker":
            _pin_proxy(up, cores)
        yield taken_s
    finally:
        lifecycle.down(STACK, _say)


@contextmanager
def _container_on(cores: set[int], *, wanted: bool) -> Iterator[None]:
    """Keep the engine's container, which is no child of ours, on the cores from its beginning."""
    ended = threading.Event()
    thread = threading.Thread(target=_pin_container, args=(cores, ended), daemon=True)
    if wanted:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        if wanted:
            thread.join()


def _pin_container(cores: set[int], ended: threading.Event) -> None:
    find = ["docker", "ps", "-q", "-f", f"label=dev.floodgate.stack={STACK}"]
    spec = ",".join(map(str, sorted(cores)))
    while not ended.wait(0.1):
        found = subprocess.run(find, capture_output=True, text=True, check=True).stdout.split()
        for container in found:
            subprocess.run(
                ["docker", "update", "--cpuset-cpus", spec, container], check=True, stdout=sys.stderr
            )
        if found:
            return


def _pin_proxy(up: StackDescription, cores: set[int]) -> None:
    """Keep Docker's proxy for the engine's port on the cores, where there is one and we may."""
    port = up.engine.endpoint_url.rpartition(":")[2]
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "docker-proxy" and port in (process.info["cmdline"] or []):
            try:
                process.cpu_affinity(sorted(cores))
            except psutil.AccessDenied:
                _say("Docker's proxy runs on all cores: pinning it needs root")


def _ramp(first_rate: float, minutes: float) -> dict[str, Any]:
    profile = {"kind": "ramp", "factor": 10, "steps": 10}
    return {"rate_per_s": first_rate, "profile": profile, "minutes": minutes, "evaluations": ["knee"]}


def _burst() -> dict[str, Any]:
    return {"rate_per_s": float(BURST_FILES), "files": BURST_FILES}


def _steady(route: str) -> dict[str, Any]:
    return {"rate_per_s": STEADY_PER_S.get(route, STEADY_PER_S["nested"]), "minutes": STEADY_MINUTES}


def _run(name: str, workload: dict[str, Any], out: Path) -> Measured:
    """Run a workload on the stack that is up.

    :raises NotMeasuredError: it left no summary
    """
    folder = out / name
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"{name}.yaml"
    more = {"arrivals": "constant", "start_within_s": 30}
    file.write_text(json.dumps({"description": name, **more, **workload}))
    command = [sys.executable, "-m", "harness.cli", "run", str(file), "--name", STACK, "--out", str(folder)]
    code = subprocess.run(command, stdout=sys.stderr, check=False).returncode
    if not (folder / "summary.json").exists():
        raise NotMeasuredError(f"{name} ended with {code}")
    summary, series = (json.loads((folder / f"{part}.json").read_text()) for part in ("summary", "series"))
    return Measured(summary, series)


def _knee(knee: dict[str, Any]) -> str:
    sustained, failed = knee["sustained_per_s"], knee["first_failed_per_s"]
    if sustained is None:
        return "unknown" if failed is None else f"below {failed:.1f}"
    return f"{sustained:.1f} or more" if failed is None else f"{sustained:.1f} (not {failed:.1f})"


def _table(lines: list[list[str]]) -> str:
    return "\n".join(map(_line, [lines[0], ["---"] * len(lines[0]), *lines[1:]]))


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("engines", nargs="+", help="as `--engine` takes them")
    parser.add_argument("--routes", nargs="+", default=["queued", "nested"])
    parser.add_argument("--cores", type=_cores, default=_cores("0,1"), metavar="0,1")
    parser.add_argument("--minutes", type=float, default=2.5, help="of each ramp")
    parser.add_argument("--repeat", type=int, default=1, help="rows for each engine and route")
    parser.add_argument("--from", dest="first_rate", type=float, help="first rate of each ramp, files/s")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "floodgate-engines")
    arguments = parser.parse_args()
    if arguments.out.exists():
        parser.error(f"{arguments.out} is there already")
    return arguments


def _cores(text: str) -> set[int]:
    return {int(number) for number in text.split(",")}


if __name__ == "__main__":
    sys.exit(main())
