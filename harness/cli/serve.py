"""`floodgate serve`: a web UI that stays up, and from which runs are started."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.exit_codes import ExitCode
from harness.load import catalogue
from harness.service.command import serve as serve_runs
from harness.service.config import ServiceConfig


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
) -> ExitCode:
    """Serve Locust's web UI, and start one run after the other from it, or over HTTP, until Ctrl-C."""
    config = ServiceConfig(
        scenarios=_scenarios(scenario or []),
        reports=reports.resolve(),
        stack=name,
        web_host=web_host,
        web_port=web_port,
        names=frozenset(each.lower() for each in allow_host or ()),
    )
    return serve_runs(config)


def _scenarios(own: list[str]) -> dict[str, str]:
    """Return what may be run by name; raises `UsageError` for a file that is no scenario."""
    known = {name: name for name in catalogue.names()}
    for path in own:
        found = catalogue.scenario(path)
        known[found.name] = str(found.path)
    return known
