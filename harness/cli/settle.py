"""`floodgate settle`: the end of a run whose harness did not live to see it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.output import messages, progress, results
from harness.exit_codes import ExitCode
from harness.report.console import render
from harness.run.resettle import settle_folder


def settle(
    run_dir: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")],
    name: Annotated[
        str | None,
        typer.Option("--name", help="The stack that holds its files; the one that it ran on unless given."),
    ] = None,
    settle_s: Annotated[
        float, typer.Option("--settle-s", min=0, help="How many seconds to wait for the last files.")
    ] = 120.0,
) -> ExitCode:
    """Settle a run afterwards: one that was killed, stopped at once, or had files in flight at its end.

    Its stack is asked when it is still up. Without it nothing is claimed: files whose end is not written down
    count as in flight, and the exit code is 6. Exit codes are those of `floodgate run`.
    """
    settled = settle_folder(run_dir, stack=name, wait_s=settle_s, progress=progress(messages()))
    render(settled.summary, run_dir, results())
    return settled.exit_code
