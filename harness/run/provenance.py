"""What has to be known to run the same thing again, and to tell two runs apart."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from pathlib import Path
from typing import Any

import psutil

import harness
from harness.stack.description import StackDescription

_PINS_DIR = Path(harness.__file__).parent / "environments" / "pins"


def provenance(description: StackDescription, command: str) -> dict[str, Any]:
    """Return the `provenance` object of `summary.json`."""
    return {
        "git_commit": git_commit(Path(harness.__file__).parent),
        "template_sha256": description.template_sha256,
        "handlers_sha256": description.handlers_sha256,
        "pins_sha256": pins_sha256(),
        "command": command,
        "machine": {
            "cores": usable_cores(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
            "python": platform.python_version(),
        },
    }


def usable_cores() -> int:
    """Cores this process may run on, which `taskset` and containers make fewer than the machine has."""
    process = psutil.Process()
    return len(process.cpu_affinity()) if hasattr(process, "cpu_affinity") else psutil.cpu_count() or 1


def pins_sha256() -> str:
    """Hash of all committed engine pins."""
    digest = hashlib.sha256()
    for pins in sorted(_PINS_DIR.glob("*.txt")):
        digest.update(pins.name.encode() + b"\0" + pins.read_bytes())
    return digest.hexdigest()


def git_commit(folder: Path) -> str:
    """Commit of the checkout that the harness runs from (`-dirty` when changed); `unknown` outside one."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()
