"""The conformance matrix in Markdown, as README.md shows it between two markers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.conformance.behaviours import AREAS, Behaviour, behaviours
from harness.exceptions import UsageError

BEGIN = "<!-- conformance:begin -->"
END = "<!-- conformance:end -->"
ENGINES: tuple[tuple[str, str | None, str], ...] = (
    ("localstack", "4.9.2", "`localstack` 4.9.2"),
    ("localstack:docker", "4.14.0", "`localstack:docker` 4.14.0"),
    ("ministack", "1.5.33", "`ministack` 1.5.33"),
)
"""Engines that the suite was run on: label, version, title."""


def markdown() -> str:
    """Return the matrix: for each area and engine, how many behaviours are as on AWS; then what differs."""
    return "\n".join([*_table(), "", *_differing()])


def in_readme(text: str) -> str:
    """Return a README's text with the matrix between its markers.

    :raises UsageError: it has no such markers
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise UsageError(f"the text has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{markdown()}\n{END}{after}"


def write(readme: Path) -> None:
    """Bring a README up to date."""
    readme.write_text(in_readme(readme.read_text(encoding="utf-8")), encoding="utf-8")


def _table() -> Iterator[str]:
    titles = [title for _, _, title in ENGINES]
    yield f"| area | behaviours | {' | '.join(titles)} |"
    yield f"|---|---|{'---|' * len(titles)}"
    for area in AREAS:
        items = [item for item in behaviours() if item.id.startswith(f"{area}.")]
        yield f"| {items[0].area} | {len(items)} | {' | '.join(_as_on_aws(items))} |"
    yield f"| **all** | **{len(behaviours())}** | {' | '.join(_as_on_aws(behaviours()))} |"


def _as_on_aws(items: Sequence[Behaviour]) -> Iterator[str]:
    for label, version, _ in ENGINES:
        same = sum(item.difference(label, version) is None for item in items)
        yield "all" if same == len(items) else str(same)


def _differing() -> Iterator[str]:
    titles = [title for _, _, title in ENGINES]
    yield f"| on AWS | {' | '.join(titles)} |"
    yield f"|---|{'---|' * len(titles)}"
    for item in behaviours():
        if any(item.difference(label, version) for label, version, _ in ENGINES):
            yield f"| [{item.behaviour}]({item.source}) | {' | '.join(_cells(item))} |"


def _cells(item: Behaviour) -> Iterator[str]:
    """Yield what each engine does; a sentence that stands in the row already is not said again."""
    said_of: dict[str, str] = {}
    for label, version, _ in ENGINES:
        difference = item.difference(label, version)
        if difference is None:
            yield "as on AWS"
        elif difference in said_of:
            yield f"as `{said_of[difference]}`"
        else:
            said_of[difference] = label
            yield difference
