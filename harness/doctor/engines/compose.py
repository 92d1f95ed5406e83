"""Docker Compose: the plugin of `docker` (version 2), or the program `docker-compose` (1.29 in Debian)."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.doctor.finding import Finding, failed, ok, warning

COMMANDS = (("docker", "compose"), ("docker-compose",))
"""In the order in which they are recommended."""
OLDEST = (1, 29)
"""Earlier ones do not know the compose specification: limits and profiles are in another place there."""
API_OF_1 = (1, 38)
"""What Compose 1.29 speaks (`compose/const.py`). Docker Engine 29 takes nothing older than 1.44, since 29.3
than 1.40: https://docs.docker.com/engine/release-notes/29/
"""
_OLDEST_API = ("docker", "version", "--format", "{{.Server.MinAPIVersion}}")
_FIX = "install Compose 2: https://docs.docker.com/compose/install/linux/"
_NUMBERS = re.compile(r"v?(\d+)\.(\d+)")
_TIMEOUT_S = 15

Ask = Callable[[Sequence[str]], str | None]


def version_of(command: Sequence[str]) -> str | None:
    """Return the version that a command prints; None where there is none."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    told = done.stdout.strip()
    return told if done.returncode == 0 and _NUMBERS.match(told) else None


def look(ask: Ask = version_of) -> Iterator[Finding]:
    """Look which Compose there is."""
    found = {
        " ".join(command): version
        for command in COMMANDS
        if (version := ask([*command, "version", "--short"]))
    }
    told = ", ".join(f"`{command}` {version}" for command, version in found.items())
    if not found:
        yield failed(
            "compose.version",
            "Docker Compose is not installed",
            fix="https://docs.docker.com/compose/install/linux/, or apt install docker-compose",
            versions={},
        )
    elif not any(_numbers(version) >= OLDEST for version in found.values()):
        yield warning("compose.version", f"{told}: older than 1.29", fix=_FIX, versions=found)
    elif (oldest := _refuses_1(found, ask)) is not None:
        summary = f"{told}: this Docker Engine takes API {oldest} and newer, and Compose 1 speaks 1.38"
        yield failed("compose.version", summary, fix=_FIX, versions=found)
    else:
        yield ok("compose.version", told, versions=found)


def _refuses_1(found: Mapping[str, str], ask: Ask) -> str | None:
    """Return the oldest API that the engine takes if there is Compose 1 alone, which then cannot reach it."""
    if any(_numbers(version) >= (2, 0) for version in found.values()):
        return None
    oldest = ask(_OLDEST_API)
    return oldest if oldest is not None and _numbers(oldest) > API_OF_1 else None


def _numbers(version: str) -> tuple[int, int]:
    found = _NUMBERS.match(version)
    return (int(found[1]), int(found[2])) if found else (0, 0)
