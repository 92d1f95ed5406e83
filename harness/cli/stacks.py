"""`floodgate up`, `status` and `down`: a stack kept for hand use."""

from __future__ import annotations

import json
import shlex
from typing import Annotated

import typer
from rich.console import Console

from harness import faults
from harness.cli.approval import SftpEndpoint, Yes, asking, confirmed
from harness.cli.output import messages, progress, results
from harness.cli.pipeline_arguments import (
    AdvertiseHost,
    EngineOption,
    Fifo,
    Handlers,
    Name,
    Parameter,
    PartialUpload,
    Pipe,
    Recording,
    Route,
    SftpHost,
    SftpPort,
    SftpWorkers,
    Template,
    TransferPort,
    options,
)
from harness.deploy.leftovers import HOLDS_DATA
from harness.deploy.removal import FoundStack, StackResource
from harness.engines.base import Progress
from harness.exceptions import FloodgateError, StackLostError, StackNotFoundError, UsageError
from harness.exit_codes import ExitCode
from harness.faults import FaultRule
from harness.stack import account, keeping, lifecycle, reload
from harness.stack.description import SCHEMA_VERSION, StackDescription
from harness.stack.sftp_options import SftpOptions


def up(
    name: Name = "default",
    engine: EngineOption = "localstack",
    route: Route = "queued",
    fifo: Fifo = False,
    pipe: Pipe = False,
    recording: Recording = None,
    parameter: Parameter = None,
    template: Template = None,
    handlers: Handlers = None,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="FAULT", help="As in `floodgate fault set`; may be repeated."),
    ] = None,
    partial_upload: PartialUpload = None,
    sftp_workers: SftpWorkers = None,
    customers: Annotated[int, typer.Option(min=1, max=10_000, help="How many SFTP users to make.")] = 20,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help="Where the engine listens; a free port unless given."),
    ] = None,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Stay, and update the functions in place when their code changes. Ctrl-C ends the watching; "
            "the stack stays up.",
        ),
    ] = False,
    stay: Annotated[
        bool,
        typer.Option(
            "--stay",
            help="Stay, and take the stack down at Ctrl-C or SIGTERM; exit code 6 when a part of it is lost.",
        ),
    ] = False,
    sftp_host: SftpHost = "127.0.0.1",
    sftp_port: SftpPort = 0,
    transfer_port: TransferPort = 0,
    advertise_host: AdvertiseHost = None,
    sftp_endpoint: SftpEndpoint = None,
    yes: Yes = False,
) -> ExitCode:
    """Start a stack (engine, pipeline, SFTP server) and leave it running until `floodgate down`.

    A template of your own (--template) must have the outputs SourceBucket and DestinationBucket. Optional
    outputs tell the harness more: MetadataTable, WorkQueueUrl, DeadLetterQueueUrl, UndeliveredEventsQueueUrl,
    <Role>Function, <Role>StateMachine, <Any>LogGroup. The folder --handlers is zipped at its root, with the
    packages of its requirements.txt, and the template's parameters CodeBucket and CodeKey tell where it is.
    """
    if stay and watch:
        raise UsageError("--stay and --watch exclude each other: one takes the stack down, one leaves it up")
    pipeline = options(route, fifo, pipe, recording, parameter, template, handlers)
    rules = faults.parse(fault or [])
    faults.require_possible(engine, rules)
    console = messages()
    show = progress(console)
    description = lifecycle.up(
        name,
        engine=engine,
        pipeline=pipeline,
        customers=customers,
        sftp=SftpOptions.chosen(
            partial_upload,
            sftp_workers,
            host=sftp_host,
            port=sftp_port,
            api_port=transfer_port,
            advertise_host=advertise_host,
            endpoint=sftp_endpoint,
        ),
        port=port,
        stay=stay,
        approve=asking(yes),
        progress=show,
    )
    _set_faults(name, description, rules, show)
    _show(description, results())
    if stay:
        return _stay(description, show)
    if watch:
        reload.watch(name, pipeline, show)
    return ExitCode.PASSED


def _stay(description: StackDescription, show: Progress) -> ExitCode:
    """Keep the stack; a signal is the ordinary end."""
    show("staying; Ctrl-C takes the stack down")
    try:
        keeping.keep(description)
    except (KeyboardInterrupt, StackNotFoundError):
        lifecycle.down(description.name, show)
    except StackLostError:
        if lifecycle.down(description.name, show):
            raise
        # Lost because another process was taking it down, which is no loss.
    return ExitCode.PASSED


def _set_faults(name: str, description: StackDescription, rules: list[FaultRule], show: Progress) -> None:
    """Set what `--fault` asked for; where the engine cannot, the stack is not what was asked for: it goes."""
    if not rules:
        return
    try:
        faults.apply(description.engine, rules, seed=0)
    except FloodgateError:
        lifecycle.down(name, show)
        raise


def status(
    name: Name = "default",
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, with credentials.")] = False,
) -> ExitCode:
    """Show what is running and how to reach it. Exit code 3 when there is no such stack."""
    out = results()
    description = lifecycle.describe(name)
    if description is None:
        if as_json:
            out.print(json.dumps({"schema_version": SCHEMA_VERSION, "stacks": []}), markup=False)
        else:
            out.print(f"no stack named {name!r} is up; `floodgate up --name {name}` starts one", markup=False)
        return ExitCode.NOT_READY
    if as_json:
        out.print(json.dumps(description.to_json(), indent=2), markup=False)
    else:
        _show(description, out)
    dead = lifecycle.is_alive(name)
    if dead:
        messages().print(
            f"warning: {', '.join(dead)} no longer runs; `floodgate down --name {name}` clears up"
        )
        return ExitCode.NOT_READY
    return ExitCode.PASSED


def down(
    name: Name = "default",
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            help="aws: remove the CloudFormation stack floodgate-NAME from the account of your credentials, "
            "with all that it holds. Not needed for stacks that `floodgate up` made.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With a stack in an account: do not ask.")] = False,
) -> ExitCode:
    """Stop a stack and remove everything that belongs to it, files in its buckets included."""
    show = progress(messages())
    if engine == "aws" or (engine is None and account.is_in_account(name)):
        return _down_in_account(name, yes, show)
    if engine is not None:
        raise UsageError(
            f"`down` takes no engine {engine!r}", hint="--engine aws, or none: the stack knows its engine"
        )
    if lifecycle.down(name, show):
        results().print(f"stack {name!r} is gone", markup=False)
    else:
        results().print(f"no stack named {name!r} was up", markup=False)
    return ExitCode.PASSED


def _down_in_account(name: str, yes: bool, show: Progress) -> ExitCode:
    def confirm(where: str, stack: FoundStack, resources: list[StackResource]) -> bool:
        console = messages()
        console.print(f"{where}: the stack {stack.name} with {len(resources)} resources", markup=False)
        for each in resources:
            if each.type in HOLDS_DATA:
                console.print(f"  with all that it holds: {each}", markup=False)
        return confirmed("Delete all of it?", yes, "--yes says that all of it may be deleted")

    proof = account.down(name, confirm, show)
    if proof is None:
        results().print("nothing was deleted", markup=False)
        return ExitCode.USAGE
    results().print(f"stack {name!r} is gone", markup=False)
    for line in proof.lines():
        results().print(line, markup=False)
    return ExitCode.PASSED if proof.is_complete else ExitCode.NOT_READY


def _variant(description: StackDescription) -> str:
    switches = [name for name in ("fifo", "pipe") if description.options.get(name)]
    return ", ".join([description.route, *switches])


def _show(description: StackDescription, out: Console) -> None:
    user = description.users[0]
    sftp = description.sftp
    rows = [
        ("stack", f"{description.name}, route {_variant(description)}"),
        (
            "engine",
            f"{description.engine.name} {description.engine.version} at {description.engine.endpoint_url}",
        ),
        ("sftp", f"{sftp.host}:{sftp.port}, host key {sftp.host_key_fingerprint}"),
        ("transfer", f"API at {description.transfer.endpoint_url}, server {sftp.server_id}"),
        ("users", f"{description.users[0].name} … {description.users[-1].name} ({len(description.users)})"),
        ("buckets", f"{description.buckets['source']} → {description.buckets['destination']}"),
        ("table", description.table or "none"),
        ("queues", ", ".join(f"{role} {url}" for role, url in description.queues.items()) or "none"),
        (
            "try",
            f"sftp -i {shlex.quote(user.private_key_file)} -P {sftp.port} -o UserKnownHostsFile=/dev/null "
            f"-o StrictHostKeyChecking=no {user.name}@{sftp.host}",
        ),
    ]
    for label, text in rows:
        out.print(f"{label:<8} {text}", markup=False)
