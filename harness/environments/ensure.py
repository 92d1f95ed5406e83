"""Make an environment unless it is already there; safe when several processes ask at once.

An environment is whole exactly when it holds the marker file, which is written last. One without it was left
half-made (Ctrl-C, kill, full disk) and is made again from nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import sysconfig
import time
from pathlib import Path
from typing import IO

from harness.clock import now, to_iso
from harness.engines.base import Progress
from harness.environments import uv
from harness.environments.folders import MARKER, lock_of, prepared_dir, python_of
from harness.environments.heartbeat import heartbeat
from harness.environments.prepare import prepare
from harness.environments.prune import prune
from harness.environments.recipes import BUILD_PINS, Layer, layer_for
from harness.exceptions import InstallError
from harness.files import replace_json
from harness.locks import exclusive
from harness.paths import environments_dir


def ensure(kind: str, progress: Progress) -> Path:
    """Return the Python of a ready environment, made first if need be.

    :param kind: `localstack` (LocalStack with our plugin), `ministack`, or `lambda-runtime` (AWS's Lambda
        client and boto3)
    :raises InstallError: it could not be made; asking again repairs what was left half-made
    :raises UsageError: no such kind
    """
    return _ensure_layer(layer_for(kind), progress)


def _ensure_layer(layer: Layer, progress: Progress) -> Path:
    below = _ensure_layer(layer.below, progress) if layer.below else None
    # Resolved: a virtual environment holds its own path, and must outlive a link that it was made through.
    folder = environments_dir().resolve() / layer.folder_name()
    if not (_touch(folder) and is_whole(folder)):
        _make_locked(layer, folder, below, progress)
    return python_of(folder)


def _touch(folder: Path) -> bool:
    """Note that the environment is used now, before anything else, so that nobody deletes it as unused.

    :return: whether it has a marker; in a cache that may only be read nothing is noted, and nothing deleted
    """
    try:
        os.utime(folder / MARKER)
    except FileNotFoundError:
        return False
    except OSError:
        return (folder / MARKER).exists()
    return True


def is_whole(folder: Path) -> bool:
    """Tell whether an environment can be used: completely made, its Python as when it was made, and
    none of its packages gone since.
    """
    try:
        made = json.loads((folder / MARKER).read_text())
    except (OSError, ValueError):
        return False
    # Markers of earlier releases do not tell it.
    same_python = made.get("python", _program(folder)) == _program(folder)
    return (
        python_of(folder).exists()
        and same_python
        and set(made["distributions"]) <= set(_distributions(folder))
    )


def _program(folder: Path) -> str:
    """Return the name of the program that its Python is: `python3.11`, wherever an update has moved it."""
    return Path(os.path.realpath(python_of(folder))).name


def _make_locked(layer: Layer, folder: Path, below: Path | None, progress: Progress) -> None:
    def tell() -> None:
        progress(f"{layer.title}: waiting for another process that is installing it")

    try:
        with exclusive(lock_of(folder), on_wait=tell) as lock:
            if not is_whole(folder):
                _make(layer, folder, below, progress, lock)
    except OSError as exc:
        raise InstallError(
            f"{layer.title} could not be installed in {folder}: {exc}", hint=uv.hint_for([str(exc)])
        ) from exc
    prune(folder.parent, keep=folder, progress=progress)


def _make(layer: Layer, folder: Path, below: Path | None, progress: Progress, lock: IO[str]) -> None:
    started = time.monotonic()
    if folder.exists():
        progress(f"{layer.title}: removing what an interrupted installation left")
        shutil.rmtree(folder)
    _run_uv(["venv", "--quiet", "--no-project", "--python", sys.executable, str(folder)], layer, folder, lock)
    if below is not None:
        _see_packages_of(below.parent.parent, folder)
    progress(f"{layer.title}: installing")
    _run_uv(_install_arguments(layer, folder), layer, folder, lock, progress)
    if layer.prepare is not None:
        progress(f"{layer.title}: preparing")
        with heartbeat(progress, layer.title):
            prepare(python_of(folder), layer.prepare, prepared_dir(folder), lock)
    _write_marker(layer, folder)
    progress(f"{layer.title}: ready ({time.monotonic() - started:.0f} s)")


def _run_uv(
    arguments: list[str], layer: Layer, folder: Path, lock: IO[str], progress: Progress = lambda _: None
) -> None:
    uv.run(arguments, cwd=folder.parent, progress=progress, title=layer.title, lock=lock)


def _install_arguments(layer: Layer, folder: Path) -> list[str]:
    """Return the call that fills a layer."""
    arguments = ["pip", "install", "--python", str(python_of(folder)), "--no-deps"]
    if layer.compile_all:
        arguments += ["--compile-bytecode"]
    if layer.only_wheels:
        arguments += ["--only-binary", ":all:"]
    if layer.pins is not None:
        arguments += ["--requirement", str(layer.pins)]
    if layer.project is not None:
        arguments += ["--build-constraints", str(BUILD_PINS), str(layer.project)]
    return arguments


def _see_packages_of(below: Path, folder: Path) -> None:
    """Let `folder` see the packages of the environment `below`, after its own.

    `addsitedir` and not a bare path, so that the `.pth` files below are honoured, too.
    """
    line = f"import site; site.addsitedir({str(_site_packages(below))!r})\n"
    (_site_packages(folder) / "floodgate_below.pth").write_text(line)


def _site_packages(folder: Path) -> Path:
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))


def _distributions(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in _site_packages(folder).glob("*.dist-info/RECORD"))


def _write_marker(layer: Layer, folder: Path) -> None:
    content = {
        "name": layer.name,
        "made_at": to_iso(now()),
        "python": _program(folder),
        "below": layer.below.folder_name() if layer.below else None,
        "distributions": _distributions(folder),
    }
    replace_json(folder / MARKER, content)
