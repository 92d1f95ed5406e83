"""What the user chose: an option of the command line, or else a line of pytest's configuration file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.exceptions import UsageError

_HELP = {
    "engine": "Engine of the stack: localstack (default), localstack:docker, ministack, or a URL.",
    "route": "Route through the pipeline (default: queued).",
    "stack": "Use the stack of this name that `floodgate up` has started, and leave it up.",
    "template": "Your own CloudFormation template instead of the one that comes with Floodgate.",
    "handlers": "Folder with your own Lambda handlers.",
    "reports": "Folder that keeps the reports of run_scenario and the logs of the stack.",
    "customers": "How many SFTP users the stack has; each xdist process takes one (default: 20).",
}
_DEFAULT_CUSTOMERS = "20"


@dataclass(frozen=True)
class Settings:
    """The stack that the tests of this session want."""

    engine: str
    route: str
    stack: str | None
    template: Path | None
    handlers: Path | None
    reports: Path | None
    customers: int
    parameters: dict[str, str]

    @classmethod
    def of(cls, config: pytest.Config) -> Settings:
        """Read the configuration; relative paths start at pytest's root folder.

        :raises UsageError: a value that cannot be used
        """
        from harness.deploy.options import parse_parameters

        template, handlers, reports = (_path(config, name) for name in ("template", "handlers", "reports"))
        return cls(
            engine=_given(config, "engine") or "localstack",
            route=_given(config, "route") or "queued",
            stack=_given(config, "stack"),
            template=template,
            handlers=handlers,
            reports=reports,
            customers=_count(_given(config, "customers") or _DEFAULT_CUSTOMERS),
            parameters=parse_parameters([*config.getini("floodgate_parameters"), *_parameters(config)]),
        )


def add_options(parser: pytest.Parser) -> None:
    """Declare `--floodgate-NAME` and `floodgate_NAME` for every setting."""
    group = parser.getgroup("floodgate", "a file-transfer pipeline for tests")
    for name, text in _HELP.items():
        group.addoption(f"--floodgate-{name}", dest=f"floodgate_{name}", metavar=name.upper(), help=text)
        parser.addini(f"floodgate_{name}", text)
    text = "Parameter of the template, NAME=VALUE; may be repeated."
    group.addoption(
        "--floodgate-parameter", dest="floodgate_parameter", action="append", metavar="NAME=VALUE", help=text
    )
    parser.addini("floodgate_parameters", "Parameters of the template, NAME=VALUE.", type="linelist")


def _given(config: pytest.Config, name: str) -> str | None:
    value: Any = config.getoption(f"floodgate_{name}") or config.getini(f"floodgate_{name}")
    return str(value) if value else None


def _parameters(config: pytest.Config) -> list[str]:
    return list(config.getoption("floodgate_parameter") or ())


def _path(config: pytest.Config, name: str) -> Path | None:
    given = _given(config, name)
    return None if given is None else config.rootpath / given


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise UsageError(f"--floodgate-customers must be a whole number from 1 on, not {text!r}")
    return int(text)
