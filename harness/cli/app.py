"""The `floodgate` command: its subcommands, and the one place where errors become exit codes."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from importlib.metadata import version
from typing import Annotated

import typer
from rich.console import Console

from harness.cli import (
    compare,
    deploy,
    dlq,
    doctor,
    faults,
    reports,
    run,
    scenarios,
    serve,
    settle,
    setup,
    stacks,
    trace,
)
from harness.cli.output import messages, results
from harness.cli.signals import sigterm_interrupts
from harness.exceptions import DiskFullError, FloodgateError
from harness.exit_codes import ExitCode

app = typer.Typer(
    name="floodgate",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        results().print(f"floodgate {version('floodgate-harness')}", markup=False)
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Run an AWS SFTP-to-S3 pipeline on this machine, load it, and prove that no file was lost."""


app.command("run")(run.run)
app.command("setup")(setup.setup)
app.command("doctor")(doctor.doctor)
app.command("scenarios")(scenarios.scenarios)
app.command("serve")(serve.serve)
app.command("up")(stacks.up)
app.command("deploy")(deploy.deploy)
app.command("status")(stacks.status)
app.command("down")(stacks.down)
app.command("report")(reports.report)
app.command("compare")(compare.compare)
app.command("settle")(settle.settle)
app.command("trace")(trace.trace)
app.add_typer(faults.app, name="fault")
app.add_typer(dlq.app, name="dlq")


def main() -> None:
    """Console script: run a command and exit with the code that belongs to what happened."""
    sys.exit(int(invoke(sys.argv[1:])))


def invoke(args: list[str]) -> ExitCode:
    """Run one command line in this process and return its exit code; errors go to standard error."""
    errors = messages()
    try:
        with sigterm_interrupts():
            result = app(args, standalone_mode=False)
        if result == ExitCode.INTERRUPTED and not isinstance(result, ExitCode):
            raise KeyboardInterrupt  # which Typer had turned into a number
        return ExitCode(result or 0)
    except FloodgateError as error:
        return _explain(error, errors)
    except typer.TyperException as error:
        return _refuse(error, errors)
    except (KeyboardInterrupt, typer.Abort):
        errors.print("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output (`| head`) has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.PASSED
    except Exception as error:  # noqa: BLE001  (the last border: a defect gets its own exit code and its trace)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            # Anything may be what does not fit any more: the report need not be on the state's disk.
            full = DiskFullError(
                f"no room on the disk: {error}", hint="free some room, or choose another --out"
            )
            return _explain(full, errors)
        errors.print(traceback.format_exc(), markup=False)
        errors.print("This is a defect of Floodgate; the lines above say where.")
        return ExitCode.INTERNAL_ERROR


def _refuse(error: typer.TyperException, errors: Console) -> ExitCode:
    text = error.format_message()
    if text.startswith("Usage:"):  # no command at all: the message is the help itself
        errors.print(text, markup=False)
    else:
        errors.print(f"error: {text}\n  fix: --help shows what a command takes", markup=False)
    return ExitCode.USAGE


def _explain(error: FloodgateError, errors: Console) -> ExitCode:
    errors.print(f"error: {error.message}", markup=False)
    if error.hint:
        errors.print(f"  fix: {error.hint}", markup=False)
    return error.exit_code
