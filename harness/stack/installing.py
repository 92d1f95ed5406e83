"""Everything that stacks on an engine need, fetched now instead of at the first `up`."""

from __future__ import annotations

from harness.deploy import package
from harness.engines.base import Progress
from harness.engines.registry import create


def install(engine: str, progress: Progress) -> None:
    """Install an engine and the Lambda package, unless they are there; a start needs no network then.

    :param engine: as `--engine` takes it
    :raises UsageError: no such engine
    :raises InstallError: something could not be installed; or what a start of the engine raises
    """
    create(engine).install(progress)
    package.build(progress)
