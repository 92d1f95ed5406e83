"""`GET /_floodgate/resources`: CPU and memory of this LocalStack and its functions. Imports LocalStack late.

For a LocalStack in a container, whose processes the harness does not see as its own. Answer:
`{"engine": {"cpu_s", "rss_bytes"}, "functions": {"cpu_s", "rss_bytes", "processes"}}`. CPU is user and system
time since the start, that of functions' ended processes included; memory is the sum of resident sizes, in
which pages that processes share count once for each.

Read from /proc (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html); without one, as on macOS,
memory is told as 0 and CPU without that of functions that still run.
"""

from __future__ import annotations

import json
import os
import resource
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

PATH = "/_floodgate/resources"
_PROC = Path("/proc")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Reading:
    """One process: its parent, its CPU time, that of children that it has waited for, and its memory."""

    parent: int
    cpu_s: float
    waited_cpu_s: float
    rss_bytes: int


def content(proc: Path = _PROC, engine_pid: int | None = None) -> dict[str, dict[str, float]]:
    """Return the answer.

    :param proc: where the system tells about its processes
    :param engine_pid: of LocalStack; None is this process
    """
    own = engine_pid or os.getpid()
    readings = _readings(proc)
    children = [readings[pid] for pid in _descendants(own, readings)]
    engine = readings.get(own) or Reading(0, _used(resource.RUSAGE_SELF), _used(resource.RUSAGE_CHILDREN), 0)
    functions_cpu_s = engine.waited_cpu_s + sum(child.cpu_s + child.waited_cpu_s for child in children)
    return {
        "engine": {"cpu_s": engine.cpu_s, "rss_bytes": engine.rss_bytes},
        "functions": {
            "cpu_s": functions_cpu_s,
            "rss_bytes": sum(child.rss_bytes for child in children),
            "processes": len(children),
        },
    }


def _readings(proc: Path) -> dict[int, Reading]:
    found = {}
    for folder in proc.glob("[0-9]*"):
        try:
            found[int(folder.name)] = parsed((folder / "stat").read_bytes())
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
    return found


def parsed(stat: bytes) -> Reading:
    """Return what a line of `/proc/<pid>/stat` says; the name in brackets may hold anything."""
    fields = stat.rpartition(b")")[2].split()
    ticks = [int(field) for field in fields[11:15]]
    return Reading(
        parent=int(fields[1]),
        cpu_s=(ticks[0] + ticks[1]) / _TICKS_PER_S,
        waited_cpu_s=(ticks[2] + ticks[3]) / _TICKS_PER_S,
        rss_bytes=int(fields[21]) * _PAGE_BYTES,
    )


def _descendants(own: int, readings: dict[int, Reading]) -> list[int]:
    children: defaultdict[int, list[int]] = defaultdict(list)
    for pid, reading in readings.items():
        children[reading.parent].append(pid)
    found, waiting = [], [own]
    while waiting:
        next_ones = children[waiting.pop()]
        found += next_ones
        waiting += next_ones
    return found


def _used(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def apply() -> None:
    """Serve the API."""
    from localstack.http import Response
    from localstack.services.edge import ROUTER

    ROUTER.add(
        PATH,
        lambda _request, **_: Response(json.dumps(content()), mimetype="application/json"),
        methods=["GET"],
    )
