"""`floodgate serve`: a web UI that stays up, and from which runs are started."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.exit_codes import ExitCode
from harness.load import catalogue
from harness.load.distributed.token import TOKEN_ENV, given_token
from harness.run.load_options import DEFAULT_MASTER_PORT
from harness.service.command import check_web_ui
from harness.service.command import serve as serve_runs
from harness.service.config import LobbyConfig, ServiceConfig

_WORKERS = "Load workers"


def serve(
    scenario: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SCENARIO]…",
            help="Scenario files of your own that may be run, besides those of `floodgate scenarios`.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            envvar="FLOODGATE_STACK",
            help="Runs use the stack of this name if it is up; without it each makes its own.",
        ),
    ] = None,
    reports: Annotated[
        Path,
        typer.Option("--reports", envvar="FLOODGATE_REPORTS", help="Each run gets a folder in it."),
    ] = Path("reports"),
    web_host: Annotated[
        str,
        typer.Option(
            "--web-host",
            envvar="FLOODGATE_WEB_HOST",
            help="Address that the web UI listens on. Whoever reaches it can start runs.",
        ),
    ] = "127.0.0.1",
    web_port: Annotated[
        int,
        typer.Option(
            "--web-port",
            envvar="FLOODGATE_WEB_PORT",
            min=0,
            max=65_535,
            help="Port of the web UI; 0 for any free one.",
        ),
    ] = 8089,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            envvar="FLOODGATE_ALLOW_HOSTS",
            metavar="NAME",
            help="Name of this machine by which the UI may be called, besides addresses; may be repeated.",
        ),
    ] = None,
    master_bind_host: Annotated[
        str,
        typer.Option(
            "--master-bind-host",
            envvar="FLOODGATE_MASTER_BIND_HOST",
            help=f"Address on which load workers are waited for, where {TOKEN_ENV} is set.",
            rich_help_panel=_WORKERS,
        ),
    ] = "127.0.0.1",
    master_bind_port: Annotated[
        int,
        typer.Option(
            "--master-bind-port",
            envvar="FLOODGATE_MASTER_BIND_PORT",
            min=0,
            max=65_535,
            help="Its port.",
            rich_help_panel=_WORKERS,
        ),
    ] = DEFAULT_MASTER_PORT,
    run_port: Annotated[
        int,
        typer.Option(
            "--run-port",
            envvar="FLOODGATE_RUN_PORT",
            min=0,
            max=65_535,
            help="Port of the run that workers are called to; 0 for any that is free.",
            rich_help_panel=_WORKERS,
        ),
    ] = DEFAULT_MASTER_PORT + 1,
    worker: Annotated[
        bool,
        typer.Option(
            "--worker",
            help=f"Be a load worker of a service, run after run; both need the same {TOKEN_ENV}.",
            rich_help_panel=_WORKERS,
        ),
    ] = False,
    master_host: Annotated[
        str,
        typer.Option(
            "--master-host",
            envvar="FLOODGATE_MASTER_HOST",
            help="Where the worker's service is.",
            rich_help_panel=_WORKERS,
        ),
    ] = "127.0.0.1",
    master_port: Annotated[
        int,
        typer.Option(
            "--master-port",
            envvar="FLOODGATE_MASTER_PORT",
            min=1,
            max=65_535,
            help="See --master-host.",
            rich_help_panel=_WORKERS,
        ),
    ] = DEFAULT_MASTER_PORT,
    check: Annotated[
        bool,
        typer.Option("--check", help="Only look whether the service answers: exit code 0, or 3."),
    ] = False,
) -> ExitCode:
    """Serve Locust's web UI, and start one run after the other from it, or over HTTP, until Ctrl-C."""
    if worker:
        from harness.service import attendance  # ZeroMQ takes a moment that no other command needs

        return (attendance.check if check else attendance.attend)(master_host, master_port)
    if check:
        return check_web_ui(web_host, web_port)
    lobby = LobbyConfig(host=master_bind_host, port=master_bind_port, run_port=run_port)
    config = ServiceConfig(
        scenarios=_scenarios(scenario or []),
        reports=reports.resolve(),
        stack=name,
        web_host=web_host,
        web_port=web_port,
        names=frozenset(each.lower() for each in allow_host or ()),
        lobby=None if given_token() is None else lobby,
    )
    return serve_runs(config)


def _scenarios(own: list[str]) -> dict[str, str]:
    """Return what may be run by name; raises `UsageError` for a file that is no scenario."""
    known = {name: name for name in catalogue.names()}
    for path in own:
        found = catalogue.scenario(path)
        known[found.name] = str(found.path)
    return known
