"""`floodgate fault set`, `add`, `list` and `clear`: faults in a stack that is up."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from harness import faults
from harness.cli.output import results
from harness.engines.base import EngineInfo
from harness.exceptions import StackNotFoundError
from harness.exit_codes import ExitCode
from harness.faults.rules import FaultCount
from harness.stack import lifecycle

app = typer.Typer(
    no_args_is_help=True, help="Make the engine of a stack that is up refuse, delay, repeat and kill."
)

Name = Annotated[str, typer.Option("--name", envvar="FLOODGATE_STACK", help="Which stack.")]
Faults = Annotated[
    list[str],
    typer.Argument(
        metavar="FAULT...",
        help="TARGET:EFFECT@SHARE%[FROMs-TOs], for example s3.CopyObject:AccessDenied@100% or "
        "s3.events:duplicate@5%.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Decides which of the calls are hit.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


@app.command("set")
def set_faults(texts: Faults, name: Name = "default", seed: Seed = 0) -> ExitCode:
    """Set these faults in place of those that are set."""
    rules = faults.parse(texts)
    _show(faults.apply(_engine(name), rules, seed))
    return ExitCode.PASSED


@app.command("add")
def add(texts: Faults, name: Name = "default", seed: Seed = 0) -> ExitCode:
    """Set these faults besides those that are set."""
    rules = faults.parse(texts)
    _show(faults.add(_engine(name), rules, seed))
    return ExitCode.PASSED


@app.command("list")
def list_faults(name: Name = "default", as_json: AsJson = False) -> ExitCode:
    """Show the faults that are set, and how often each was met."""
    _show(faults.listing(_engine(name)), as_json=as_json)
    return ExitCode.PASSED


@app.command("clear")
def clear(name: Name = "default") -> ExitCode:
    """Remove all faults, and show how often each was met."""
    _show(faults.clear(_engine(name)))
    return ExitCode.PASSED


def _engine(name: str) -> EngineInfo:
    description = lifecycle.describe(name)
    if description is None:
        raise StackNotFoundError(
            f"no stack named {name!r} is up", hint=f"`floodgate up --name {name}` starts one"
        )
    return description.engine


def _show(counts: list[FaultCount], *, as_json: bool = False) -> None:
    out = results()
    if as_json:
        out.print(json.dumps({"faults": [asdict(count) for count in counts]}), markup=False)
        return
    for count in counts:
        out.print(f"{count.text:<48} hit {count.hits} of {count.matched}", markup=False)
    if not counts:
        out.print("no fault is set", markup=False)
