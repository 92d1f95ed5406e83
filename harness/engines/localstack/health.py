"""Waiting until a LocalStack answers, and telling why one does not."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.engines import disk
from harness.exceptions import DiskFullError, EngineStartError, FloodgateError
from harness.files import log_tail

READY_LINE = "Ready."
_POLL_S = 0.05
_REQUEST_TIMEOUT_S = 5.0
_DISK_FULL_MARKS = ("No space left on device", "Disk quota exceeded")


def read(endpoint_url: str) -> dict[str, Any] | None:
    """Return what the health endpoint says, e.g. `{"version": "4.9.2", …}`; None while it does not answer."""
    url = f"{endpoint_url}/_localstack/health"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_REQUEST_TIMEOUT_S) as answer:
            content = json.load(answer)
    except (OSError, http.client.HTTPException, ValueError):
        return None
    return content if isinstance(content, dict) else None


def wait(
    endpoint_url: str,
    log_file: Path,
    *,
    exit_code: Callable[[], int | None],
    timeout_s: float,
    offset: int = 0,
) -> str:
    """Wait until the engine has printed that it is ready and answers; return its version.

    :param exit_code: of the engine's process, None while it runs; its end is noticed at once
    :param offset: where in the log this start begins
    :raises EngineStartError: it ended, or is not healthy after `timeout_s`
    :raises DiskFullError: it ended because there was no room
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if (code := exit_code()) is not None:
            raise failure(f"LocalStack ended with {code} while it was starting", log_file)
        if _is_ready(log_file, offset) and (health := read(endpoint_url)):
            return str(health.get("version", "unknown"))
        time.sleep(_POLL_S)
    raise failure(f"LocalStack was not healthy after {timeout_s:.0f} s", log_file)


def failure(message: str, log_file: Path) -> FloodgateError:
    """Return the error for a failed start, with the end of the engine's log."""
    tail = log_tail(log_file)
    text = f"{message}. The end of its log:\n{tail}"
    if disk.is_full(log_file.parent) or any(mark in tail for mark in _DISK_FULL_MARKS):
        return DiskFullError(f"no room in the state folder {log_file.parent}: {text}", hint=disk.HINT)
    return EngineStartError(
        text,
        hint="run it again; if the log above names a missing module, delete the environments folder first",
    )


def _is_ready(log_file: Path, offset: int) -> bool:
    with log_file.open("rb") as log:
        log.seek(offset)
        return READY_LINE.encode() in log.read()
