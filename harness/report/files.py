"""Writing report files: each appears whole or not at all, and a full disk is told as one."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.exceptions import DiskFullError, ReportError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and move it there when the block ends well.

    :raises DiskFullError: no room left
    :raises ReportError: the file cannot be written for another reason
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    except OSError as exc:
        raise _translated(exc, path) from exc
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text as a whole; lone surrogates, which UTF-8 lacks, are written as escapes."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    return path


def make_folder(path: Path) -> None:
    """Make a folder with its parents, unless it is there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise _translated(exc, path) from exc


def append_text(path: Path, text: str) -> None:
    """Append UTF-8 text to a file that others write too, such as GitHub's job summary."""
    try:
        with path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as handle:
            handle.write(text)
    except OSError as exc:
        raise _translated(exc, path) from exc


def _translated(exc: OSError, path: Path) -> DiskFullError | ReportError:
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(
            f"no room left to write {path}", hint="free some space; the run's evidence is still in its ledger"
        )
    return ReportError(
        f"cannot write {path}: {os.strerror(exc.errno or 0)}", hint="check the folder given to --out"
    )
