"""Waiting for the functions' first environments, so that the first files do not wait for cold starts."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.engines.base import EngineInfo, Progress
from harness.engines.localstack.functions import LambdaEnvironments
from harness.engines.registry import lambda_environments

LONGEST_WAIT_S = 15.0
POLL_S = 0.1

Read = Callable[[EngineInfo], LambdaEnvironments | None]


def wait(
    engine: EngineInfo,
    progress: Progress,
    *,
    read: Read = lambda_environments,
    longest_wait_s: float = LONGEST_WAIT_S,
) -> None:
    """Wait until all environments that start ahead of time are there, or have turned out not to start.

    After `longest_wait_s` it goes on without them: a function whose init hangs shows in the run, where its
    invocations fail.

    :param read: tells how many there are; None from an engine that starts none ahead of time
    :raises StackLostError: the engine does not answer
    """
    deadline_s = time.monotonic() + longest_wait_s
    told = False
    while (environments := read(engine)) is not None and environments.pending:
        if not told:
            progress("Functions: starting their first environments")
            told = True
        if time.monotonic() >= deadline_s:
            progress(f"Functions: {environments.pending} environments are not ready; going on without them")
            return
        time.sleep(POLL_S)
