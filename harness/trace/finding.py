"""From what a user has in hand (ledger id, file id, key, version id) to the offered files that it names."""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.dataset as ds

from harness.exceptions import SettleError, UsageError
from harness.load.ledger_format import Event, file_name
from harness.report.parquet import PARQUET_NAME
from harness.trace.story import FileRef

MAX_FOUND = 5
_NAMES = ("file_id", "version_id")
_ENDS = ("ledger_id", "key")
"""Columns of which the end is enough: keys are long."""


def find(run_dir: Path, name: str) -> list[FileRef]:
    """Return the files that `name` is about: (the end of) a ledger id or a key, a file id, a version id.

    :raises UsageError: there is none, or there are too many to tell their stories
    :raises SettleError: the folder's files cannot be read
    """
    found = _in_settled(run_dir, name) or _in_ledger(run_dir, name)
    if not found:
        raise UsageError(
            f"{name!r} is no file of the run in {run_dir}",
            hint="give a ledger id or a key of that run (the end is enough), a file id or a version id",
        )
    if len(found) > MAX_FOUND:
        some = ", ".join(ref.ledger_id for ref in found[:MAX_FOUND])
        raise UsageError(f"{name!r} names {len(found)} files", hint=f"give the ledger id of one: {some}, …")
    offered = {line["id"]: line for line in offered_lines(run_dir, [ref.ledger_id for ref in found])}
    return [replace(ref, temp_key=offered.get(ref.ledger_id, {}).get("temp_key")) for ref in found]


def _in_settled(run_dir: Path, name: str) -> list[FileRef]:
    path = run_dir / PARQUET_NAME
    if not path.exists():
        return []
    equal = [pc.field(column) == name for column in _NAMES]
    ending = [pc.ends_with(pc.field(column), pattern=name) for column in _ENDS]
    condition = functools.reduce(operator.or_, [*equal, *ending])
    try:
        rows = ds.dataset(path, format="parquet").to_table(filter=condition).to_pylist()
    except (OSError, ValueError) as exc:
        raise SettleError(
            f"{path} cannot be read: {exc}", hint=f"settle it: floodgate settle {run_dir}"
        ) from exc
    return [
        FileRef(row["ledger_id"], row["key"], None, row["file_id"], row["version_id"], row) for row in rows
    ]


def _in_ledger(run_dir: Path, name: str) -> list[FileRef]:
    """Look into the ledger of a run that is not settled, where only ledger ids and keys are known."""
    return [
        FileRef(line["id"], line["key"])
        for line in offered_lines(run_dir, [name])
        if line["id"].endswith(name) or line["key"].endswith(name)
    ]


def offered_lines(run_dir: Path, words: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the `offered` lines of the ledger that hold one of the words."""
    for line in ledger_lines(run_dir, words):
        if line.get("e") == Event.OFFERED:
            yield line


def ledger_lines(run_dir: Path, words: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the ledger's lines that hold one of the words, of every worker; raises `SettleError`."""
    for path in sorted((run_dir / "ledger").glob(file_name("*"))):
        yield from json_lines(path, words)


def json_lines(path: Path, words: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of the lines that hold one of the words; a torn last line is left out.

    :raises SettleError: the file cannot be read
    """
    sought = {json.dumps(word, ensure_ascii=ascii)[1:-1] for word in words for ascii in (False, True)}
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if any(word in line for word in sought) and (data := _object(line)) is not None:
                    yield data
    except FileNotFoundError:
        return
    except OSError as exc:
        raise SettleError(f"{path} cannot be read: {exc}") from exc


def _object(line: str) -> dict[str, Any] | None:
    try:
        data = json.loads(line)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
