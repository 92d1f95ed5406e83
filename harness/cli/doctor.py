"""`floodgate doctor`: what this machine has and lacks, each with the fix."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from harness.cli.output import messages, progress, results
from harness.doctor.examination import Examination, examine
from harness.doctor.mend import mend
from harness.doctor.rendering import render
from harness.exit_codes import ExitCode


def doctor(
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            help="Only what this needs: localstack, localstack:docker, ministack, aws (asks AWS whose the "
            "credentials are), a URL (asks it who it is), or compose.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Clear what dead stacks have left, make damaged engine environments again and delete those "
            "that nothing uses any more, then look once more. Stacks that are up are left alone.",
        ),
    ] = False,
) -> ExitCode:
    """Tell what this machine has and lacks, each with the fix. Exit code 3 if something needed is missing.

    Without --engine all is looked at, and the host engine must work. The network is used only with --engine
    aws and --engine URL.
    """
    examination = examine(engine)
    if fix and mend(examination.findings, progress(messages())):
        examination = examine(engine)
    _show(examination, as_json)
    return ExitCode.PASSED if examination.is_ready else ExitCode.NOT_READY


def _show(examination: Examination, as_json: bool) -> None:
    out = results()
    if as_json:
        out.print(json.dumps(examination.to_json(), indent=2), markup=False)
    else:
        render(examination, out)
