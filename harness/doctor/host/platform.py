"""The operating system, and what its environment variables make of us."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from harness.doctor.finding import Finding, failed, note, ok, warning
from harness.paths import HOME_ENV


def system(name: str = sys.platform) -> Iterator[Finding]:
    """Look at the operating system."""
    if name == "linux":
        yield ok("system.platform", f"Linux {os.uname().release}")
    elif name == "darwin":
        yield warning(
            "system.platform",
            "macOS: Floodgate is tested on Linux only",
            fix="should something go wrong, use the containers: docker compose up",
        )
    else:
        yield failed("system.platform", f"{name} cannot run it", fix="use Linux, WSL 2, or docker compose up")


def container(root: Path = Path("/")) -> Iterator[Finding]:
    """Tell whether this is a container; what is looked at here is its inside then."""
    marks = [mark for mark in (".dockerenv", "run/.containerenv") if (root / mark).exists()]
    if marks:
        yield note("system.container", f"this is a container (/{marks[0]})")


def swap() -> Iterator[Finding]:
    """Warn of a machine that is swapping already: every latency would be that of its disk."""
    used = psutil.swap_memory()
    if used.total and used.percent > 50:
        yield warning(
            "memory.swap",
            f"{used.percent:.0f} % of the swap space is in use",
            fix="end what holds the memory before you measure: latencies would be those of the disk",
        )


def variables(env: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Look at variables that move things, or send them elsewhere."""
    given = os.environ if env is None else env
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", HOME_ENV):
        value = given.get(name)
        if value and not Path(value).expanduser().is_absolute():
            yield warning(
                "system.relative-folder",
                f"{name}={value} is relative: each working directory has stacks of its own",
                fix=f"set {name} to a path that begins with /",
                variable=name,
            )
    if given.get("AWS_ENDPOINT_URL"):
        yield note(
            "system.aws-endpoint",
            "AWS_ENDPOINT_URL is set: the engine aws goes there and not to AWS; other engines ignore it",
            fix="unset AWS_ENDPOINT_URL to reach AWS itself",
        )
