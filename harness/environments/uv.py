"""Running `uv`: one call, its output as progress, its failures as `InstallError` with a hint."""

from __future__ import annotations

import os
import subprocess
import time
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

import uv

from harness.engines.base import Progress
from harness.environments.heartbeat import heartbeat
from harness.exceptions import InstallError

_TAIL_LINES = 15
_TOLD = ("Resolved", "Downloading", "Building", "Prepared", "Installed", "Bytecode compiled")
"""First words of the lines of uv that are worth a progress line; the others are package names."""
_HINTS = (
    (("No space left on device", "os error 28"), "the disk is full: free some room, then run this again"),
    (
        ("proxy", "tunnel"),
        "a proxy stands in the way: check HTTPS_PROXY and NO_PROXY",
    ),
    (
        ("certificate", "UnknownIssuer", "invalid peer"),
        "the network's certificate is not trusted: set SSL_CERT_FILE to your company's certificates",
    ),
    (
        ("dns error", "error sending request", "Could not connect", "timed out", "Network", "offline"),
        "is this machine offline? the first start must reach a Python package index once; "
        "UV_DEFAULT_INDEX names a mirror",
    ),
    (
        ("No solution found", "not found in the package registry", "no wheels", "No matching distribution"),
        "the package index lacks a pinned package: is UV_DEFAULT_INDEX a complete mirror?",
    ),
)


def run(
    arguments: Sequence[str], *, cwd: Path, progress: Progress, title: str, lock: IO[str] | None = None
) -> None:
    """Run `uv ARGUMENTS` to its end.

    :param cwd: folder to run in, away from projects whose `[tool.uv]` would be read
    :param title: begins each progress line
    :param lock: an open lock file that uv inherits, so that a uv which outlives us still holds the lock
    :raises InstallError: uv is missing or failed; with the last lines of its output
    """
    started = time.monotonic()
    process = _start(arguments, cwd, lock)
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    try:
        assert process.stdout is not None
        with heartbeat(progress, title):
            for line in process.stdout:
                tail.append(line.rstrip())
                if line.startswith(_TOLD):
                    progress(f"{title}: {line.strip()} ({time.monotonic() - started:.0f} s)")
        code = process.wait()
    finally:
        _end(process)
    if code != 0:
        raise InstallError(f"{title}: uv ended with {code}\n" + "\n".join(tail), hint=hint_for(tail))


def hint_for(lines: Iterable[str]) -> str:
    """Return the advice that fits uv's last words."""
    text = "\n".join(lines)
    for marks, hint in _HINTS:
        if any(mark in text for mark in marks):
            return hint
    return "run this again; if it fails in the same way, the lines above name the cause"


def environment() -> dict[str, str]:
    """Return our environment without what would turn uv to another Python or environment.

    The user's `UV_*` settings stay: mirrors, proxies and certificates are named there.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "CONDA_")) and name not in ("VIRTUAL_ENV", "UV_PYTHON")
    }


def _start(arguments: Sequence[str], cwd: Path, lock: IO[str] | None) -> subprocess.Popen[str]:
    try:
        program = uv.find_uv_bin()
    except FileNotFoundError as exc:
        raise InstallError(
            "the program uv is missing", hint="install it beside Floodgate: pip install uv"
        ) from exc
    return subprocess.Popen(
        [program, "--color", "never", *arguments],
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=() if lock is None else (lock.fileno(),),
    )


def _end(process: subprocess.Popen[str]) -> None:
    """Leave no uv behind when we are interrupted."""
    if process.poll() is None:
        process.terminate()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
