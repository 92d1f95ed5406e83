"""A workload from a YAML file: read, checked, and every problem told with its line and field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.exceptions import UsageError
from harness.load.reading import document
from harness.load.reading.document import Document, DocumentError, Problem
from harness.load.workload import Workload, errors_of, problem_text

Check = Callable[[str], None]
"""Raises `UsageError` for a text that means nothing."""
Checks = Mapping[str, Check]
"""Field of the workload to what its texts must pass. Their grammars belong to other parts of the harness."""

_HINT = "`floodgate scenarios --schema` prints the schema of workload files; most editors check against it"
_MOST_BYTES = 64 * 1024
"""PyYAML takes a second for so much; what we know of has one kilobyte."""
_SHOWN = 30
_CHECKED = ("route", "faults", "thresholds")


def read(path: Path, checks: Checks) -> Workload:
    """Read a workload file.

    :raises UsageError: it cannot be read, or something in it is wrong (all problems at once)
    """
    try:
        return parse(_text(path), checks)
    except DocumentError as exc:
        told = "\n".join(f"  {problem}" for problem in exc.problems[:_SHOWN])
        if len(exc.problems) > _SHOWN:
            told += f"\n  … and {len(exc.problems) - _SHOWN} more"
        raise UsageError(f"the workload file {path} is wrong:\n{told}", hint=_HINT) from exc


def _text(path: Path) -> str:
    try:
        if (size := path.stat().st_size) > _MOST_BYTES:
            raise UsageError(
                f"{path} has {size:,} bytes, and a workload file at most {_MOST_BYTES:,}",
                hint="a trace is named by a workload: profile: {kind: trace, path: FILE}",
            )
        return path.read_text(encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"cannot read {path}: {exc.strerror}", hint="name a file that you may read") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path} is not UTF-8 text", hint="save it as UTF-8") from exc


def parse(text: str, checks: Checks) -> Workload:
    """Return the workload that a YAML text describes; raises `DocumentError` with all problems."""
    read_document = document.parse(text)
    problems = list(_texts_that_fail(read_document, checks))
    try:
        workload = Workload.model_validate(read_document.data)
    except ValidationError as exc:
        problems += [_placed(read_document, error) for error in errors_of(exc)]
    if problems:
        raise DocumentError(sorted(problems, key=lambda problem: problem.line))
    return workload


def failing_texts(workload: Workload, checks: Checks) -> Iterator[str]:
    """Yield what is wrong with the texts of a workload, each with its field."""
    for path, text in _texts(workload.model_dump(include=set(_CHECKED))):
        if told := _failure(checks, str(path[0]), text):
            yield f"{'.'.join(map(str, path))}: {told}"


def _texts_that_fail(read_document: Document, checks: Checks) -> Iterator[Problem]:
    for path, text in _texts(read_document.data):
        if told := _failure(checks, str(path[0]), text):
            yield read_document.problem(path, told)


def _texts(data: Mapping[str, Any]) -> Iterator[tuple[document.Path, str]]:
    for field in _CHECKED:
        value = data.get(field)
        if isinstance(value, str):
            yield (field,), value
        elif isinstance(value, list | tuple):  # anything else, here and in it, is the model's to refuse
            yield from (((field, index), text) for index, text in enumerate(value) if isinstance(text, str))


def _failure(checks: Checks, field: str, text: str) -> str | None:
    if field not in checks:
        return None
    try:
        checks[field](text)
    except UsageError as exc:
        return exc.message
    return None


def _placed(read_document: Document, error: Any) -> Problem:
    return read_document.problem(_own_path(read_document.data, error["loc"]), problem_text(error))


def _own_path(data: Any, location: tuple[str | int, ...]) -> document.Path:
    """Return the path as its author wrote it: pydantic puts the `kind` of a union between, and types.

    https://docs.pydantic.dev/latest/errors/errors/#error-messages
    """
    path: list[str | int] = []
    for part in location:
        is_tag = isinstance(data, dict) and part == data.get("kind")
        is_type = not isinstance(data, dict | list)
        if is_tag or is_type:
            continue
        path.append(part)
        data = _inside(data, part)
    return tuple(path)


def _inside(data: Any, part: str | int) -> Any:
    """Return a part of the data; the data themselves where it is missing, as in an error that says so."""
    try:
        return data[part]
    except (KeyError, IndexError, TypeError):
        return data
