"""`floodgate run`: the main job."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.approval import SftpEndpoint, Yes, asking
from harness.cli.load_arguments import (
    AsMaster,
    AsWorker,
    ExpectWorkers,
    ExpectWorkersMaxWait,
    LoadWorkers,
    MasterBindHost,
    MasterBindPort,
    MasterHost,
    MasterPort,
    WebHost,
    WebPort,
    WebUi,
)
from harness.cli.output import messages, progress, results
from harness.cli.pipeline_arguments import (
    Fifo,
    Handlers,
    Parameter,
    PartialUpload,
    Pipe,
    Recording,
    SftpWorkers,
    Template,
)
from harness.deploy.options import ROUTES, parse_parameters
from harness.exceptions import UsageError
from harness.exit_codes import ExitCode
from harness.report.console import render
from harness.run.load_options import DEFAULT_MASTER_PORT, DEFAULT_WEB_PORT, LoadOptions
from harness.run.options import DEFAULT_ROUTE, RunOptions
from harness.run.runner import run_scenario
from harness.run.worker_process import work_for


def run(
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCENARIO]",
            help="Name from `floodgate scenarios`, or a path to a .py or .yaml file; none with --worker.",
        ),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            help="localstack (default), localstack:docker, ministack, aws, or the URL of one that runs.",
        ),
    ] = None,
    route: Annotated[
        str | None, typer.Option("--route", help=f"{', '.join(ROUTES)}; {DEFAULT_ROUTE} unless given.")
    ] = None,
    fifo: Fifo = False,
    pipe: Pipe = False,
    recording: Recording = None,
    parameter: Parameter = None,
    template: Template = None,
    handlers: Handlers = None,
    partial_upload: PartialUpload = None,
    sftp_workers: SftpWorkers = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="TARGET:EFFECT@SHARE%",
            help="What the engine makes go wrong, e.g. s3.CopyObject:SlowDown@5%; may be repeated.",
        ),
    ] = None,
    minutes: Annotated[float | None, typer.Option("--minutes", help="How long files are offered.")] = None,
    files: Annotated[int | None, typer.Option("--files", help="How many files are offered.")] = None,
    rate: Annotated[float | None, typer.Option("--rate", help="Files offered per second.")] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            "--threshold",
            metavar="CONDITION",
            help="What must hold besides the scenario's, e.g. 'end_to_end.p99 < 5s'; may be repeated.",
        ),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="Any other field of the workload, e.g. sizes.0.max_bytes=5GiB; may be repeated.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same arrivals, sizes and contents.")] = 1,
    out: Annotated[
        Path | None, typer.Option("--out", help="New folder for the report; default reports/<run id>.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            envvar="FLOODGATE_STACK",
            help="Use the stack of this name if it is up, and leave it up.",
        ),
    ] = None,
    sftp_endpoint: SftpEndpoint = None,
    yes: Yes = False,
    settle_s: Annotated[
        float | None,
        typer.Option(
            "--settle-s", help="How many seconds to wait for the last files; the scenario's, or 120."
        ),
    ] = None,
    load_workers: LoadWorkers = None,
    master: AsMaster = False,
    expect_workers: ExpectWorkers = 1,
    expect_workers_max_wait: ExpectWorkersMaxWait = 300.0,
    master_bind_host: MasterBindHost = "127.0.0.1",
    master_bind_port: MasterBindPort = DEFAULT_MASTER_PORT,
    worker: AsWorker = False,
    master_host: MasterHost = "127.0.0.1",
    master_port: MasterPort = DEFAULT_MASTER_PORT,
    web_ui: WebUi = False,
    web_host: WebHost = "127.0.0.1",
    web_port: WebPort = DEFAULT_WEB_PORT,
) -> ExitCode:
    """Load the pipeline, settle every file, and report: how fast, what failed and why, was a file lost."""
    if worker:
        return work_for(master_host, master_port, expect_workers_max_wait)
    if scenario is None:
        raise UsageError("a scenario is needed", hint="floodgate scenarios lists them")
    options = RunOptions(
        scenario=scenario,
        engine=engine,
        route=route,
        minutes=minutes,
        files=files,
        rate=rate,
        seed=seed,
        out=out,
        name=name,
        settle_s=settle_s,
        fifo=fifo,
        pipe=pipe,
        recording=recording,
        parameters=parse_parameters(parameter or ()),
        template=template,
        handlers=handlers,
        fault_texts=fault or (),
        threshold_texts=threshold or (),
        settings=setting or (),
        partial_upload=partial_upload,
        sftp_workers=sftp_workers,
        sftp_endpoint=sftp_endpoint,
        approve=asking(yes),
        load=LoadOptions(
            load_workers=load_workers,
            master=master,
            expect_workers=expect_workers,
            bind_host=master_bind_host,
            bind_port=master_bind_port,
            wait_s=expect_workers_max_wait,
            web_host=web_host,
            web_port=web_port if web_ui else None,
        ),
        command=shlex.join(["floodgate", *sys.argv[1:]]),
    )
    console = messages()
    outcome = run_scenario(options, console, progress(console))
    render(outcome.summary, _as_typed(outcome.folder) if outcome.written else None, results())
    return outcome.exit_code


def _as_typed(folder: Path) -> Path:
    """Return the path as the user would type it: relative when it is below the current folder."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder
