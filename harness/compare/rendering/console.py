"""A comparison on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.compare.changes import Change, Finding
from harness.compare.comparison import Comparison
from harness.compare.outcomes import OutcomeChange
from harness.compare.rendering import words
from harness.report import text
from harness.report.console import table_of

_STYLES = {
    Finding.WORSE: "bold red",
    Finding.BETTER: "green",
    Finding.UNSURE: "yellow",
    Finding.NOT_MEASURED: "dim",
}
_HEADLINE_STYLES = {"Regression": "bold red", "Cannot tell": "bold yellow", "No regression": "bold green"}


def render(comparison: Comparison, console: Console) -> None:
    """Print what the comparison comes to."""
    console.print(Group(*_blocks(comparison)))


def _blocks(comparison: Comparison) -> Iterator[RenderableType]:
    headline = words.headline(comparison)
    yield Text(f"\n{headline}", style=_HEADLINE_STYLES[headline])
    yield Text(" ".join(words.sentences(comparison)))
    for each in comparison.differences:
        mark = "unlike" if each.refused else "differs"
        yield Text(f"  • {mark}: {text.printable(str(each))}", style="yellow" if each.refused else "")
    yield Text()
    yield _changes([each for each in comparison.changes if each.figure.judged])
    yield Text("\nWhere it comes from (not judged)", style="dim")
    yield _changes([each for each in comparison.changes if not each.figure.judged and _is_known(each)])
    if bad := [each for each in comparison.outcomes if each.base or each.new]:
        yield Text()
        yield _outcomes(bad)
    if none := words.absent_ends(comparison):
        yield Text(f"\nNo file of either side: {none}.")
    yield Text(f"\n{words.method(comparison)}", style="dim")


def _is_known(change: Change) -> bool:
    return change.base is not None or change.new is not None


def _changes(changes: Sequence[Change]) -> Table:
    table = table_of("Figure", ">Base", ">New", ">Change", ">Interval", "Finding")
    for change in changes:
        base, new = words.values(change)
        table.add_row(
            change.figure.name,
            base,
            new,
            words.change_text(change),
            words.interval_text(change),
            Text(words.FINDING_WORDS[change.finding], style=_STYLES.get(change.finding, "")),
        )
    return table


def _outcomes(outcomes: Sequence[OutcomeChange]) -> Table:
    table = table_of("Files", ">Base", ">New", "Finding")
    for each in outcomes:
        table.add_row(
            each.name.replace("_", " "),
            f"{each.base:,} of {each.base_offered:,}",
            f"{each.new:,} of {each.new_offered:,}",
            Text("worse", style="bold red") if each.is_regression else "no change for certain",
        )
    return table
