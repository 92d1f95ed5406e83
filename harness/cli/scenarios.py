"""`floodgate scenarios`: what can be run."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
import yaml

from harness.cli.output import results
from harness.exit_codes import ExitCode
from harness.load import catalogue
from harness.load.reading.schema import schema_text
from harness.load.workload import Workload


def scenarios(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCENARIO]", help="Show this one as a workload file, to begin your own with."
        ),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of workload files, for editors.")
    ] = False,
) -> ExitCode:
    """List the scenarios with one line each."""
    if schema:
        sys.stdout.write(schema_text())
    elif name is not None:
        sys.stdout.write(as_yaml(catalogue.scenario(name).workload))
    else:
        _list()
    return ExitCode.PASSED


def as_yaml(workload: Workload) -> str:
    """Return the workload as a workload file, without what it leaves at its default."""
    data = workload.model_dump(mode="json", exclude_defaults=True)
    for field in ("profile", "behaviours"):  # whose kind says what the rest means
        if field in data:
            data[field] = workload.model_dump(mode="json", exclude_unset=True)[field]
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)


def _list() -> None:
    out = results()
    names = catalogue.names()
    width = max(map(len, names))
    for name in names:
        out.print(f"{name:<{width}}  {catalogue.scenario(name).workload.description}", markup=False)
