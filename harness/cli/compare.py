"""`floodgate compare`: is the new run slower than the base, and is that more than noise?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.output import results
from harness.compare.comparison import compare as compare_runs
from harness.compare.rendering.console import render
from harness.compare.rendering.page import write_comparison
from harness.compare.runs import read_runs
from harness.exceptions import UsageError
from harness.exit_codes import ExitCode

_PERCENT = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*%?")


def compare(
    base: Annotated[Path, typer.Argument(metavar="BASE", help="Folder (or summary.json) of the run before.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Folder (or summary.json) of the run after.")],
    tolerance: Annotated[
        str,
        typer.Option("--tolerance", metavar="P%", help="How much worse is not yet a regression."),
    ] = "25%",
    more_base: Annotated[
        list[Path] | None,
        typer.Option("--base", metavar="DIR", help="Another run like BASE; may be repeated."),
    ] = None,
    more_new: Annotated[
        list[Path] | None, typer.Option("--new", metavar="DIR", help="Another run like NEW; may be repeated.")
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--judge",
            metavar="FIGURE",
            help="A figure whose change for the worse counts, too, such as transfer.p95; may be repeated.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Compare runs that are not alike.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder for compare.html and compare.json; default NEW's."),
    ] = None,
) -> ExitCode:
    """Compare two runs, or repeats of them; exit code 4 when the new side is worse by more than noise."""
    share = _share(tolerance)
    base_paths = [base, *(more_base or ())]
    runs = read_runs([*base_paths, new, *(more_new or ())])
    base_runs, new_runs = runs[: len(base_paths)], runs[len(base_paths) :]
    comparison = compare_runs(base_runs, new_runs, tolerance=share, also=also or (), force=force)
    page = write_comparison(comparison, out or new_runs[0].folder)
    render(comparison, results())
    results().print(f"\nPage: {page}", markup=False)
    return comparison.exit_code


def _share(tolerance: str) -> float:
    found = _PERCENT.fullmatch(tolerance.strip())
    if found is None:
        raise UsageError(f"--tolerance {tolerance!r} is not a percentage", hint="for example --tolerance 10%")
    return float(found["number"]) / 100
