"""The environments of the host engines: whole, half-made, or yet to be made."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import disk_usage
from typing import Any

from harness.doctor.finding import Finding, failed, note, ok, warning
from harness.doctor.host.folders import MIB, nearest
from harness.environments.ensure import is_whole
from harness.environments.folders import MARKER, lock_of, python_of
from harness.environments.recipes import Layer, layer_for
from harness.locks import is_held
from harness.paths import environments_dir

KINDS = ("localstack", "lambda-runtime", "ministack")
"""What `harness.environments.ensure` can make."""
ROOM_BYTES: Mapping[str, int] = {
    "localstack": 640 * MIB,
    "lambda-runtime": 128 * MIB,
    "ministack": 256 * MIB,
}
"""What a kind takes up when it has been in use (measured: 411, 36 and 65 MiB), and some more."""
_FIX = "floodgate doctor --fix makes it again"
_TIMEOUT_S = 10
_SMALL_BYTES = 32 * MIB
"""For a layer without packages of others: LocalStack's plugin takes 1 MiB."""


def look(kind: str) -> Iterator[Finding]:
    """Look at the layers of an environment kind, the lowest first.

    :raises UsageError: no such kind
    """
    for layer in layers(kind):
        yield _look_at(layer, kind)


def layers(kind: str) -> list[Layer]:
    """Return the layers of a kind, the lowest first."""
    found: list[Layer] = []
    layer: Layer | None = layer_for(kind)
    while layer is not None:
        found.insert(0, layer)
        layer = layer.below
    return found


def folder_of(layer: Layer) -> Path:
    """Return where the layer is, or would be."""
    return environments_dir().resolve() / layer.folder_name()


def _look_at(layer: Layer, kind: str) -> Finding:
    name, folder = f"environments.{layer.name}", folder_of(layer)
    make = _make(kind)
    details = {"folder": str(folder)}
    if not folder.exists():
        needed = ROOM_BYTES[kind] if layer.pins else _SMALL_BYTES
        if (free := disk_usage(nearest(folder)).free) < needed:
            return _no_room(name, layer, free, needed, details)
        summary = f"{layer.title} is not installed yet; the first start does it, and needs a package index"
        return note(name, summary, fix=f"{make} does it now", **details)
    if _is_being_made(folder):
        return note(name, f"{layer.title} is being installed just now", fix="wait for it", **details)
    if not is_whole(folder):
        summary = f"{layer.title} is half-made or damaged; it is never used like that"
        return warning(name, summary, fix=f"{make} makes it again", mendable=True, **details)
    if not _starts(python_of(folder)):
        summary = f"{layer.title}: its Python does not start ({python_of(folder)})"
        return warning(name, summary, fix=_FIX, mendable=True, **details)
    if gone := missing_files(folder):
        summary = f"{layer.title} lacks files of its packages: {len(gone)}, such as {gone[0].name}"
        return warning(name, summary, fix=_FIX, mendable=True, missing=len(gone), **details)
    return ok(name, f"{layer.title} is installed", **details)


def _no_room(name: str, layer: Layer, free_bytes: int, needed_bytes: int, details: dict[str, Any]) -> Finding:
    return failed(
        name,
        f"{layer.title} is not installed yet, and {free_bytes // MIB} MiB free are too few: "
        f"{needed_bytes // MIB} MiB are needed",
        fix="free some room, or put it elsewhere with FLOODGATE_HOME",
        free_bytes=free_bytes,
        needed_bytes=needed_bytes,
        **details,
    )


def damaged(kind: str) -> list[Path]:
    """Return the environments of a kind that are there, but neither whole nor being made just now."""
    folders = [folder for layer in layers(kind) if (folder := folder_of(layer)).exists()]
    settled = [folder for folder in folders if not _is_being_made(folder)]
    return [folder for folder in settled if not _is_good(folder)]


def _is_good(folder: Path) -> bool:
    return is_whole(folder) and _starts(python_of(folder)) and not missing_files(folder)


def _starts(python: Path) -> bool:
    """Tell whether it is a Python at all: a link may lead to another program, or to a broken one."""
    try:
        done = subprocess.run(
            [str(python), "-I", "-S", "-c", "print(6 * 7)"],
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.strip() == b"42"


def _make(kind: str) -> str:
    return f"floodgate setup --engine {kind}" if kind == "ministack" else "floodgate setup"


def _is_being_made(folder: Path) -> bool:
    return is_held(lock_of(folder))


def missing_files(folder: Path) -> list[Path]:
    """Return the files of installed packages that are gone, and those that a crash of the machine left empty
    or, as far as their lists of files are concerned, unreadable.

    The marker cannot tell: it is about packages, and something may have deleted files since.
    """
    gone: list[Path] = []
    for record in folder.glob("lib/python*/site-packages/*.dist-info/RECORD"):
        try:
            rows = list(csv.reader(record.read_text(encoding="utf-8").splitlines()))
        except (OSError, ValueError, csv.Error):
            gone.append(record)
            continue
        gone += [path for row in rows if (path := _gone(record.parent.parent, row))]
    return gone


def _gone(site_packages: Path, row: list[str]) -> Path | None:
    """Return the file of a line `path,hash,size` of a RECORD if it is not as installed. Bytecode may go."""
    if len(row) < 3 or row[0].endswith(".pyc"):
        return None
    path = site_packages / row[0]
    try:
        emptied = bool(row[2]) and int(row[2]) > 0 and path.stat().st_size == 0
    except (FileNotFoundError, NotADirectoryError):
        return path
    return path if emptied else None


def spoil(folder: Path) -> None:
    """Make an environment count as half-made, so that it is made again when it is next needed."""
    (folder / MARKER).unlink(missing_ok=True)
