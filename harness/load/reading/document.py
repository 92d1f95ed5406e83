"""A YAML text as plain data, with the line of each part.

PyYAML makes the data, with the scalars of `core_schema`. Beside it this module refuses what would make a line
number a lie or the text mean something else than it seems: a field that is there twice, aliases, and tags.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from harness.load.reading.core_schema import CoreLoader

_MAX_DEPTH = 20
"""Of lists and mappings in each other; workloads have four."""

Path = tuple[str | int, ...]
"""From the top of the document, such as `("sizes", 0, "min_bytes")`."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. `line` counts from 1; `field` is empty for the document as a whole."""

    line: int
    field: str
    text: str

    def __str__(self) -> str:
        place = f"line {self.line}, {self.field}" if self.field else f"line {self.line}"
        return f"{place}: {self.text}"


class DocumentError(Exception):
    """The text cannot be used at all."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True)
class Document:
    """Data and lines."""

    data: dict[str, Any]
    lines: dict[Path, int]

    def problem(self, path: Path, text: str) -> Problem:
        """Return a problem with a field, on the line of the field, or of what should contain it."""
        known = next(path[:length] for length in range(len(path), -1, -1) if path[:length] in self.lines)
        return Problem(self.lines[known], ".".join(map(str, path)), text)


def parse(text: str) -> Document:
    """Read one document, which must be a mapping.

    :raises DocumentError: with all problems that there are
    """
    with _loaded(text) as (loader, node):
        if not isinstance(node, yaml.MappingNode):
            raise DocumentError([Problem(1, "", "a mapping is needed, such as `rate_per_s: 10`")])
        entries = list(_entries(node, ()))
        _refuse_repetitions(entries)
        return Document(loader.construct_document(node), dict(entries))


def value(text: str) -> Any:
    """Read any one value, by the same rules; `None` for an empty text. Raises `DocumentError`."""
    with _loaded(text) as (loader, node):
        if node is None:
            return None
        _refuse_repetitions(list(_entries(node, ())))
        return loader.construct_document(node)


@contextmanager
def _loaded(text: str) -> Iterator[tuple[CoreLoader, yaml.Node | None]]:
    """Give the document's node and what makes data of it; PyYAML's errors become `DocumentError`."""
    try:
        _refuse_extras(text)
        loader = CoreLoader(text)
        try:
            yield loader, loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        told = ", ".join(filter(None, [exc.context, exc.problem]))
        raise DocumentError([Problem(_line(mark), "", told)]) from exc
    except yaml.YAMLError as exc:
        raise DocumentError([Problem(1, "", str(exc))]) from exc


def _refuse_extras(text: str) -> None:
    """Refuse what no workload needs: aliases, whose lines are elsewhere, and tags, which change types."""
    problems, depth = [], 0
    for event in yaml.parse(text, Loader=CoreLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if told := _extra(event):
            problems.append(Problem(_line(event.start_mark), "", told))
        if depth > _MAX_DEPTH:  # PyYAML's time grows with the square of the depth
            raise DocumentError([Problem(_line(event.start_mark), "", "it is nested too deeply")])
    if problems:
        raise DocumentError(problems)


def _extra(event: yaml.Event) -> str | None:
    if isinstance(event, yaml.AliasEvent):
        return f"*{event.anchor}: write it out"
    if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None) is not None:
        return f"the tag {getattr(event, 'tag', None)!r}: leave it out"
    return None


def _entries(node: yaml.Node, path: Path) -> Iterator[tuple[Path, int]]:
    """Yield each part of the document with its line; a mapping's fields by their keys' lines."""
    if not path:
        yield path, _line(node.start_mark)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            yield inner, _line(key.start_mark)
            yield from _entries(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            inner = (*path, index)
            yield inner, _line(value.start_mark)
            yield from _entries(value, inner)


def _refuse_repetitions(entries: list[tuple[Path, int]]) -> None:
    seen: dict[Path, int] = {}
    problems = []
    for path, line in entries:
        if path in seen:
            text = f"it is there already, on line {seen[path]}"
            problems.append(Problem(line, ".".join(map(str, path)), text))
        seen.setdefault(path, line)
    if problems:
        raise DocumentError(problems)


def _line(mark: Any) -> int:
    """Return the line of a mark, from 1; the first where PyYAML knows none."""
    return mark.line + 1 if mark else 1
