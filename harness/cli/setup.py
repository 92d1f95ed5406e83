"""`floodgate setup`: everything that must be fetched, now instead of at the first run."""

from __future__ import annotations

from harness.cli.output import messages, progress
from harness.deploy import package
from harness.environments import ensure
from harness.exit_codes import ExitCode

ENVIRONMENTS = ("localstack", "lambda-runtime")


def setup() -> ExitCode:
    """Install engine, Lambda runtime and Lambda package, unless they are there; runs then need no network."""
    show = progress(messages())
    for kind in ENVIRONMENTS:
        ensure(kind, show)
    package.build(show)
    return ExitCode.PASSED
