"""Exit codes of the `floodgate` command.

They are part of the public contract: scripts and CI jobs branch on them.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """What a finished command tells its caller."""

    PASSED = 0
    """Everything asked for was done, every threshold held."""
    INTERNAL_ERROR = 1
    """A defect of Floodgate itself."""
    USAGE = 2
    """Bad arguments, configuration or threshold; nothing was started."""
    NOT_READY = 3
    """The environment lacks something (a port, disk, an engine that starts, a stack)."""
    THRESHOLD = 4
    """A threshold was breached or had no samples, or more files failed than the scenario allows."""
    CONSERVATION = 5
    """Files were lost, duplicated or corrupted."""
    STACK_LOST = 6
    """The engine or a part of the stack went away in mid-run."""
    INCONCLUSIVE = 7
    """The load generator was the limit, so the run says nothing about the pipeline."""
    INTERRUPTED = 130
    """SIGINT or SIGTERM."""


_PRECEDENCE = (
    ExitCode.INTERRUPTED,
    ExitCode.INTERNAL_ERROR,
    ExitCode.USAGE,
    ExitCode.NOT_READY,
    ExitCode.STACK_LOST,
    ExitCode.CONSERVATION,
    ExitCode.INCONCLUSIVE,
    ExitCode.THRESHOLD,
    ExitCode.PASSED,
)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code that wins when several apply; `PASSED` when there is none."""
    return min(codes, key=_PRECEDENCE.index, default=ExitCode.PASSED)
