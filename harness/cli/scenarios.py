"""`floodgate scenarios`: what can be run."""

from __future__ import annotations

from harness.cli.output import results
from harness.exit_codes import ExitCode
from harness.load import catalogue


def scenarios() -> ExitCode:
    """List the scenarios with one line each."""
    out = results()
    for name in catalogue.names():
        out.print(f"{name:<16} {catalogue.scenario(name).workload.description}", markup=False)
    return ExitCode.PASSED
