"""Docker Compose: the plugin of `docker` (version 2), or the program `docker-compose` (1.29 in Debian)."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Sequence

from harness.doctor.finding import Finding, failed, ok, warning

COMMANDS = (("docker", "compose"), ("docker-compose",))
"""In the order in which they are recommended."""
OLDEST = (1, 29)
"""Earlier ones do not know the compose specification: limits and profiles are in another place there."""
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
    good = {command: version for command, version in found.items() if _is_new_enough(version)}
    told = ", ".join(f"`{command}` {version}" for command, version in found.items())
    if good:
        yield ok("compose.version", told, versions=found)
    elif found:
        fix = "install Compose 2: https://docs.docker.com/compose/install/linux/"
        yield warning("compose.version", f"{told}: older than 1.29", fix=fix, versions=found)
    else:
        yield failed(
            "compose.version",
            "Docker Compose is not installed",
            fix="https://docs.docker.com/compose/install/linux/, or apt install docker-compose",
            versions={},
        )


def _is_new_enough(version: str) -> bool:
    found = _NUMBERS.match(version)
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST
