"""Wheels for the Python of the images, which need not be the one that runs here.

uv chooses what of a requirements file is for the target, pip downloads it. What has no wheel in the index
(pure Python only) is built here.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.engines.base import Progress
from harness.environments import uv
from harness.exceptions import InstallError
from harness.files import replace_json

PYTHON_VERSION = "3.13"
_MACHINES = {"arm64": "aarch64", "amd64": "x86_64"}
_GLIBC_MINORS = range(5, 42)
"""glibc 2.41 is Debian trixie's, on which `python:3.13-slim` stands."""
_SOURCE_ONLY = frozenset({"pyftpdlib"})
"""Projects that offer no wheel; their code is pure Python, so that one built here fits every machine."""
_MANIFEST = ".manifest.json"
_TIMEOUT_S = 900.0


def fill(folder: Path, requirements: Sequence[Path], progress: Progress) -> None:
    """Have the pinned wheels of these files in the folder, and no others; needs no network where they are.

    :raises InstallError: uv or pip failed, most likely for want of a network
    """
    folder.mkdir(parents=True, exist_ok=True)
    known, wanted = _read_manifest(folder), {}
    for file in requirements:
        key = _key(file)
        wanted[key] = known.get(key) or _for_target(file)
        there = _wheels(folder)
        if missing := [pin for pin in wanted[key] if _normal(pin) not in there]:
            progress(f"wheels: {len(missing)} of {file.name}")
            _fetch(missing, folder)
    replace_json(folder / _MANIFEST, wanted)
    keep = {_normal(pin) for pins in wanted.values() for pin in pins}
    for pin, path in _wheels(folder).items():
        if pin not in keep:
            path.unlink()


def machine() -> str:
    """Return this machine's architecture as wheels name it."""
    return _MACHINES.get(platform.machine(), platform.machine())


def _wheels(folder: Path) -> dict[str, Path]:
    """Return the wheels of a folder by the pins that they are for."""
    found = {}
    for path in folder.glob("*.whl"):
        name, version = path.name.split("-")[:2]
        found[_normal(f"{name}=={version}")] = path
    return found


def _normal(pin: str) -> str:
    """Return a pin with its name as the index compares names: https://peps.python.org/pep-0503/."""
    name, _, version = pin.partition("==")
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version}"


def _fetch(pins: Sequence[str], folder: Path) -> None:
    """Get wheels for one file's pins. Each file by itself: their versions differ."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as scratch:
        _pip(
            "download", ["--dest", scratch, *_only_for_target()], [pin for pin in pins if not _is_source(pin)]
        )
        _pip("wheel", ["--wheel-dir", scratch], [pin for pin in pins if _is_source(pin)])
        for path in Path(scratch).glob("*.whl"):
            path.replace(folder / path.name)


def _for_target(file: Path) -> list[str]:
    """Return the pins of a universal requirements file that are for the image's Python."""
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch) / "pins.txt"
        arguments = ["pip", "compile", str(file.absolute()), "--no-deps", "--output-file", str(result)]
        arguments += ["--python-version", PYTHON_VERSION, "--python-platform", f"{machine()}-manylinux_2_28"]
        arguments += ["--no-header", "--no-annotate", "--quiet"]
        uv.run(arguments, cwd=Path(scratch), progress=lambda _: None, title=f"wheels: {file.name}")
        return result.read_text().split()


def _pip(command: str, options: Sequence[str], pins: Sequence[str]) -> None:
    if not pins:
        return
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip", command, "--quiet", "--no-deps", *options, *pins],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise InstallError(
            f"pip {command} was not done after {_TIMEOUT_S:.0f} s",
            hint="does the package index answer? then run this again",
        ) from exc
    if done.returncode:
        tail = [line for line in done.stderr.splitlines() if not line.startswith("WARNING")][-15:]
        text = "\n".join([f"pip {command} ended with {done.returncode}", *tail])
        raise InstallError(text, hint=uv.hint_for(tail))


def _only_for_target() -> list[str]:
    tags = [f"manylinux_2_{minor}_{machine()}" for minor in _GLIBC_MINORS]
    tags += [f"{old}_{machine()}" for old in ("manylinux2014", "manylinux2010", "manylinux1")]
    options = ["--only-binary", ":all:", "--python-version", PYTHON_VERSION]
    return options + [word for tag in tags for word in ("--platform", tag)]


def _is_source(pin: str) -> bool:
    return pin.partition("==")[0] in _SOURCE_ONLY


def _key(file: Path) -> str:
    """Return what tells whether the pins of a file for the target are known."""
    target = f"{PYTHON_VERSION} {machine()} {sorted(_SOURCE_ONLY)}\n"
    return hashlib.sha256(target.encode() + file.read_bytes()).hexdigest()


def _read_manifest(folder: Path) -> dict[str, list[str]]:
    try:
        found: dict[str, list[str]] = json.loads((folder / _MANIFEST).read_text())
    except (OSError, ValueError):
        return {}
    return found
