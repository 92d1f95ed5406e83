"""Ending with the process that one works for, also when that was killed."""

from __future__ import annotations

import asyncio
import contextlib

import psutil

_POLL_S = 0.5


async def wait_for_end(pid: int) -> None:
    """Return when the process is gone: also when another one has its number by now."""
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        while parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(_POLL_S)
