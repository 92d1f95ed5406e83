"""From what a user has in hand (ledger id, file id, key, version id) to the offered files that it names."""

from __future__ import annotations

import json
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
_COLUMNS = ("ledger_id", "file_id", "key", "version_id")


def find(run_dir: Path, name: str) -> list[FileRef]:
    """Return the files that `name` is about: a ledger id, a file id, a key or its end, or a version id.

    :raises UsageError: there is none, or there are too many to tell their stories
    :raises SettleError: the folder's files cannot be read
    """
    found = _in_settled(run_dir, name) or _in_ledger(run_dir, name)
    if not found:
        raise UsageError(
            f"{name!r} is no file of the run in {run_dir}",
            hint="give a ledger id, a file id, a key (or its end, from a /) or a version id of that run",
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
    matches = [pc.field(column) == name for column in _COLUMNS]
    end = name if name.startswith("/") else f"/{name}"
    condition = matches[0] | matches[1] | matches[2] | matches[3] | pc.ends_with(pc.field("key"), pattern=end)
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
    end = name if name.startswith("/") else f"/{name}"
    return [
        FileRef(line["id"], line["key"])
        for line in offered_lines(run_dir, [name])
        if name in (line["id"], line["key"]) or line["key"].endswith(end)
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
