"""`floodgate report`: render a finished run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.output import results
from harness.exceptions import UsageError
from harness.exit_codes import ExitCode
from harness.report.rerender import rerender


def report(
    run_dir: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a finished run.")],
) -> ExitCode:
    """Write report.html, summary.md and junit.xml of a run again from its data."""
    if not run_dir.is_dir():
        raise UsageError(f"{run_dir} is not a run folder", hint="name a folder that `floodgate run` wrote")
    for path in rerender(run_dir):
        results().print(str(path), markup=False)
    return ExitCode.PASSED
