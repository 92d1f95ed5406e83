"""`floodgate deploy`: what an engine gets of the pipeline, and the files to deploy it with the AWS CLI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli.output import messages, progress, results
from harness.cli.pipeline_arguments import (
    Fifo,
    Handlers,
    Name,
    Parameter,
    Pipe,
    Recording,
    Route,
    Template,
    options,
)
from harness.deploy import Prepared, export, plan
from harness.exceptions import UsageError
from harness.exit_codes import ExitCode
from harness.stack import planning


def deploy(
    show_plan: Annotated[
        bool, typer.Option("--plan", help="Print what the engine gets, and how it differs from AWS.")
    ] = False,
    package: Annotated[
        Path | None,
        typer.Option(
            "--package", metavar="DIR", help="Write template, code and parameters into a new folder."
        ),
    ] = None,
    bucket: Annotated[
        str | None,
        typer.Option("--bucket", help="With --package: your S3 bucket that is going to hold the code."),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option("--engine", help="localstack (default of --plan), aws (of --package), or a URL."),
    ] = None,
    name: Name = "default",
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile", help="Set of parameters in pipeline/profiles; aws or local, by the engine."
        ),
    ] = None,
    route: Route = "queued",
    fifo: Fifo = False,
    pipe: Pipe = False,
    recording: Recording = None,
    parameter: Parameter = None,
    template: Template = None,
    handlers: Handlers = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --plan: machine-readable.")] = False,
) -> ExitCode:
    """Plan a deployment, or write the files for one. Starts nothing (`floodgate up` does)."""
    if show_plan == (package is not None):
        raise UsageError("say either --plan or --package DIR", hint="floodgate up deploys and starts a stack")
    chosen = options(route, fifo, pipe, recording, parameter, template, handlers)
    target = engine or ("localstack" if show_plan else "aws")
    prepared = planning.prepare_for(target, chosen, name, profile)
    if package is None:
        _print_plan(planning.plan_for(target, prepared), as_json)
    else:
        _write_package(prepared, package, name, bucket)
    return ExitCode.PASSED


def _print_plan(found: dict[str, Any], as_json: bool) -> None:
    results().print(json.dumps(found, indent=2) if as_json else plan.as_text(found), markup=False)


def _write_package(prepared: Prepared, folder: Path, name: str, bucket: str | None) -> None:
    if bucket is None:
        raise UsageError("--package needs --bucket: your S3 bucket that is going to hold the code")
    written = export.write(prepared, folder, name=name, bucket=bucket, progress=progress(messages()))
    out = results()
    out.print(f"{written.folder} holds the pipeline. To deploy it, and to remove it again:", markup=False)
    for command in written.commands:
        out.print(f"  {command}", markup=False)
