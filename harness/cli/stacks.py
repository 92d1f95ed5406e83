"""`floodgate up`, `status` and `down`: a stack kept for hand use."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from harness.cli.output import messages, progress, results
from harness.deploy.options import PipelineOptions
from harness.exit_codes import ExitCode
from harness.stack import lifecycle
from harness.stack.description import SCHEMA_VERSION, StackDescription

Name = Annotated[
    str, typer.Option("--name", envvar="FLOODGATE_STACK", help="Which stack; names keep stacks apart.")
]
EngineOption = Annotated[
    str, typer.Option("--engine", help="Where the AWS API comes from: localstack, or a URL.")
]
RouteOption = Annotated[str, typer.Option("--route", help="The way that files take through the pipeline.")]


def up(
    name: Name = "default",
    engine: EngineOption = "localstack",
    route: RouteOption = "queued",
    customers: Annotated[int, typer.Option(min=1, max=10_000, help="How many SFTP users to make.")] = 20,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help="Where the engine listens; a free port unless given."),
    ] = None,
) -> ExitCode:
    """Start a stack (engine, pipeline, SFTP server) and leave it running until `floodgate down`."""
    console = messages()
    description = lifecycle.up(
        name,
        engine=engine,
        pipeline=PipelineOptions(route=route),
        customers=customers,
        port=port,
        progress=progress(console),
    )
    _show(description, results())
    return ExitCode.PASSED


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


def down(name: Name = "default") -> ExitCode:
    """Stop a stack and remove everything that belongs to it."""
    if lifecycle.down(name, progress(messages())):
        results().print(f"stack {name!r} is gone", markup=False)
    else:
        results().print(f"no stack named {name!r} was up", markup=False)
    return ExitCode.PASSED


def _show(description: StackDescription, out: Console) -> None:
    user = description.users[0]
    sftp = description.sftp
    rows = [
        ("stack", f"{description.name}, route {description.route}"),
        (
            "engine",
            f"{description.engine.name} {description.engine.version} at {description.engine.endpoint_url}",
        ),
        ("sftp", f"{sftp.host}:{sftp.port}, host key {sftp.host_key_fingerprint}"),
        ("users", f"{description.users[0].name} … {description.users[-1].name} ({len(description.users)})"),
        ("buckets", f"{description.buckets['source']} → {description.buckets['destination']}"),
        ("table", description.table),
        ("queues", ", ".join(f"{role} {url}" for role, url in description.queues.items())),
        (
            "try",
            f"sftp -i {user.private_key_file} -P {sftp.port} -o UserKnownHostsFile=/dev/null "
            f"-o StrictHostKeyChecking=no {user.name}@{sftp.host}",
        ),
    ]
    for label, text in rows:
        out.print(f"{label:<8} {text}", markup=False)
