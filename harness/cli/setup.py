"""`floodgate setup`: everything that must be fetched, now instead of at the first run."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.output import messages, progress
from harness.exit_codes import ExitCode
from harness.stack.installing import install


def setup(
    engine: Annotated[
        str, typer.Option(help="What runs will use: localstack, localstack:docker or ministack.")
    ] = "localstack",
) -> ExitCode:
    """Install engine, Lambda runtime and Lambda package, unless they are there; runs then need no network."""
    install(engine, progress(messages()))
    return ExitCode.PASSED
