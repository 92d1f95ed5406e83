"""Whether an engine on this machine can keep what a run is going to store: it keeps most of it in memory.

Measured with `benchmarks.engines`, as growth of the engine's resident memory for each file of a ramp.
"""

from __future__ import annotations

import psutil

from harness.cost.estimate import Load
from harness.engines.base import EngineInfo

_KIB = 1024
_BESIDES_CONTENTS_BYTES = {"queued": 17 * _KIB, "ecs": 17 * _KIB}
"""Rows, versions, events and log lines of a file, by route."""
_WITH_EXECUTIONS_BYTES = 85 * _KIB
"""The same with the history of its executions; that of `nested`, for all routes with state machines."""
_SPOOLED_FROM_BYTES = 512 * _KIB
"""LocalStack keeps what is larger in files: `S3_MAX_FILE_SIZE_BYTES` of its `EphemeralS3ObjectStore`."""
_WARN_ABOVE = 0.8
"""Share of the free memory; the rest is for functions, the load generator and settling."""


def free_bytes() -> int:
    """Return how much memory a process of this machine could still get, in bytes."""
    return int(psutil.virtual_memory().available)


def needed_bytes(engine_name: str, route: str, load: Load) -> float:
    """Return by how much the engine is going to grow, roughly.

    :param engine_name: `localstack`, or `ministack`, which keeps a copy and its source once
    """
    if engine_name == "ministack":
        contents = load.mean_bytes
    else:
        contents = 2 * min(load.mean_bytes, _SPOOLED_FROM_BYTES)
    return load.files * (contents + _BESIDES_CONTENTS_BYTES.get(route, _WITH_EXECUTIONS_BYTES))


def warning(engine: EngineInfo, route: str, load: Load, free: int) -> str | None:
    """Return what to tell the user about a run that this machine's memory may not hold; else None.

    :param free: memory that can still be had, in bytes
    """
    if engine.mode not in ("host", "docker"):
        return None
    needed = needed_bytes(engine.name, route, load)
    if needed <= _WARN_ABOVE * free:
        return None
    return (
        f"the engine keeps what it stores in memory: {load.files:,} files need about "
        f"{needed / 2**30:.0f} GiB, and {free / 2**30:.0f} GiB are free; --minutes or --files shorten the run"
    )
