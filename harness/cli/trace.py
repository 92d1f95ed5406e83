"""`floodgate trace`: one file's whole story."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.output import results
from harness.exceptions import UsageError
from harness.exit_codes import ExitCode
from harness.run.folder import RunFolder
from harness.run.session import described_in, still_up
from harness.trace.render import data_of, text_of
from harness.trace.tracing import trace as tell

_REPORTS = Path("reports")
_LEDGER_ID = re.compile(r"(?P<run_id>.+)-\d{7,}")


def trace(
    name: Annotated[
        str,
        typer.Argument(metavar="FILE", help="Ledger id or key (the end is enough), file id or version id."),
    ],
    run_dir: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="Folder of the run; reports/<run id> or the newest by default."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> ExitCode:
    """Print one file's whole story: ledger, SFTP server, queue, executions, log lines, row, versions.

    The run's folder is enough; where its stack is still up, that is asked, too.
    """
    folder = RunFolder((run_dir or _default_dir(name)).resolve())
    described = described_in(folder)
    session = still_up(described.name, described)
    stories = tell(folder.path, name, session.description if session else None)
    out = results()
    if as_json:
        out.print(json.dumps([data_of(story) for story in stories], indent=2), markup=False)
        return ExitCode.PASSED
    for story in stories:
        for line in text_of(story):
            out.print(line, markup=False)
    return ExitCode.PASSED


def _default_dir(name: str) -> Path:
    """Return the folder of the run that a ledger id names, or else the newest; raises `UsageError`."""
    if (match := _LEDGER_ID.fullmatch(name)) and (_REPORTS / match["run_id"]).is_dir():
        return _REPORTS / match["run_id"]
    newest = max(_REPORTS.glob("*/ledger"), key=lambda path: path.stat().st_mtime, default=None)
    if newest is None:
        raise UsageError(
            "there is no run in reports/", hint="name the run's folder: floodgate trace FILE DIR"
        )
    return newest.parent
