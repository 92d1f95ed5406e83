"""Builds the Lambda package: the pipeline's Python files and their pinned dependencies in one zip.

Reproducible: the same sources give the same bytes, on any day and machine, so the file's hash tells whether
code has changed, and a package that was built once is used again from a cache. The pipeline's dependencies
are pure Python, so that one package fits every Lambda architecture; those of a user's own handlers may hold
machine code for this machine.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.deploy import pipeline_files
from harness.deploy.pipeline_files import Code
from harness.engines.base import Progress
from harness.environments import uv
from harness.exceptions import DeployError, DiskFullError
from harness.locks import exclusive
from harness.paths import environments_dir

_LAYOUT = "1"
"""Part of every key: raise it when packages must be built again although no input changed."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can hold."""
_KEPT_PACKAGES = 20
_LEFT_OUT_SUFFIXES = frozenset({".pyc", ".pyi", ".typed"})
_LEFT_OUT_FOLDERS = frozenset({"__pycache__", "bin"})


@dataclass(frozen=True)
class Package:
    """A built package."""

    path: Path
    sha256: str
    """Of the sources and pins that went in; equal hashes mean equal bytes."""


def python_runtime() -> str:
    """Return Lambda's name for the running Python, which is the one of the local Lambda runtime, too."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def build(progress: Progress, handlers: Path | None = None) -> Package:
    """Return the package of the code as it is now, from the cache if it has been built before.

    :param handlers: the user's own handlers folder; None takes the pipeline's
    :raises InstallError: the dependencies could not be fetched
    :raises DiskFullError: there is no room in the cache
    """
    code = pipeline_files.code(handlers)
    key = _key(code)
    cache = environments_dir().parent / "packages"
    path = cache / f"{code.name}-{python_runtime()}-{key[:16]}.zip"
    try:
        with exclusive(cache / f".{path.name}.lock"):
            if not path.exists():
                _build(code, path, progress)
            _forget_old(cache, path)
    except OSError as exc:
        raise DiskFullError(
            f"the Lambda package could not be written to {cache}: {exc}", hint="free some room there"
        ) from exc
    return Package(path=path, sha256=key)


def content_sha256(path: Path) -> str:
    """Return the hash of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _forget_old(cache: Path, used: Path) -> None:
    """Keep the packages that were used last; `floodgate up --watch` makes a new one at each save."""
    os.utime(used, (time.time(), used.stat().st_mtime))
    by_use = sorted(cache.glob("*.zip"), key=lambda path: path.stat().st_atime, reverse=True)
    for path in by_use[_KEPT_PACKAGES:]:
        path.unlink(missing_ok=True)
        path.with_name(f".{path.name}.lock").unlink(missing_ok=True)


def _key(code: Code) -> str:
    digest = hashlib.sha256(f"{_LAYOUT}\0{python_runtime()}\0{code.is_pinned}\0".encode())
    if code.requirements is not None:
        digest.update(code.requirements.read_bytes())
    for name, path in code.files:
        content = path.read_bytes()
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _build(code: Code, path: Path, progress: Progress) -> None:
    progress("Lambda package: building")
    with _scratch(path.parent) as scratch:
        vendored = scratch / "vendored"
        _vendor(code, vendored, scratch, progress)
        unfinished = scratch / path.name
        write_zip(unfinished, [*code.files, *_vendored_files(vendored, pure=code.is_pinned)])
        unfinished.replace(path)


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    """A folder beside the result, so that the last step is one atomic rename."""
    scratch = Path(tempfile.mkdtemp(prefix=".building-", dir=parent))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch)


def _vendor(code: Code, target: Path, scratch: Path, progress: Progress) -> None:
    if code.requirements is None:
        return
    version = python_runtime().removeprefix("python")
    arguments = ["pip", "install", "--target", str(target), "--requirement", str(code.requirements)]
    arguments += ["--no-deps"] if code.is_pinned else []
    arguments += ["--python-version", version, "--only-binary", ":all:", "--link-mode", "copy"]
    uv.run(arguments, cwd=scratch, progress=progress, title="Lambda package")


def _vendored_files(folder: Path, *, pure: bool) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_dir() or path.suffix in _LEFT_OUT_SUFFIXES or path.name.startswith("."):
            continue
        if _LEFT_OUT_FOLDERS.isdisjoint(name.parts) and not _is_installers_own(name):
            if pure:
                _require_pure_python(path)
            yield name.as_posix(), path


def _is_installers_own(name: Path) -> bool:
    """Tell whether uv wrote this file about the installation: it would differ from machine to machine.

    `METADATA` stays, because Powertools looks up its own version at run time.
    """
    return name.parts[0].endswith(".dist-info") and name.name != "METADATA"


def _require_pure_python(path: Path) -> None:
    if path.suffix in (".so", ".pyd"):
        raise DeployError(
            f"the Lambda package would hold machine code ({path.name})",
            hint="keep pipeline/requirements.in to pure-Python packages",
        )


def write_zip(path: Path, files: list[tuple[str, Path]]) -> None:
    """Write files under their names, with times and modes that do not depend on the machine."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, source in files:
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, source.read_bytes())
