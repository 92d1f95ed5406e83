"""Starting a part of the stack that is a process of our own, and waiting until it works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from harness.aws import ACCOUNT_MODE
from harness.engines import process
from harness.exceptions import EngineStartError
from harness.files import log_tail, replace_json
from harness.stack.state import StackState

_POLL_S = 0.02
_PASSED_THROUGH = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "LD_LIBRARY_PATH",
    "XDG_CACHE_HOME",
    "FLOODGATE_HOME",
)
_OF_ACCOUNT = ("AWS_", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_", "REQUESTS_CA_BUNDLE")
"""Beginnings of the variables that AWS's own tools go by."""


def start(
    state: StackState, role: str, module: str, config: dict[str, Any], *, name: str, timeout_s: float
) -> dict[str, Any]:
    """Start `python -m MODULE <role>.json` and return what it writes to its ready file.

    :param role: names its record, its files (`<role>.json`, `<role>.log`) and the folder that marks it
    :param config: goes to the configuration file; it must name `ready_file(state, role)`
    :param name: what users call it, such as `the SFTP server`
    :raises EngineStartError: it ended, or is not ready after `timeout_s`; with the end of its log
    """
    config_file = state.folder / f"{role}.json"
    replace_json(config_file, config)
    of_account = config.get("engine", {}).get("mode") == ACCOUNT_MODE
    child = _spawn(state, role, module, config_file, of_account=of_account)
    state.processes.write(process.record_of(role, child.pid))
    return _wait_until_ready(child, ready_file(state, role), _log_file(state, role), name, timeout_s)


def ready_file(state: StackState, role: str) -> Path:
    """Return the file that the process is to write when it works."""
    return state.folder / f"{role}.ready.json"


def _spawn(
    state: StackState, role: str, module: str, config_file: Path, *, of_account: bool
) -> subprocess.Popen[bytes]:
    """:param of_account: it works in a real account, with the credentials and by the proxy of the user"""
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_THROUGH or (of_account and name.upper().startswith(_OF_ACCOUNT))
    }
    return process.spawn(
        [sys.executable, "-P", "-m", module, str(config_file)],
        log_file=_log_file(state, role),
        env={**passed, "PYTHONUNBUFFERED": "1"},
        cwd=state.folder,
        owner_dir=state.folder / role,
    )


def _log_file(state: StackState, role: str) -> Path:
    return state.folder / f"{role}.log"


def _wait_until_ready(
    child: subprocess.Popen[bytes], ready: Path, log_file: Path, name: str, timeout_s: float
) -> dict[str, Any]:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if ready.exists():
            told: dict[str, Any] = json.loads(ready.read_text())
            return told
        if (code := child.poll()) is not None:
            raise _failure(f"{name} ended with {code} while starting", log_file)
        time.sleep(_POLL_S)
    raise _failure(f"{name} did not work after {timeout_s:.0f} s", log_file)


def _failure(message: str, log_file: Path) -> EngineStartError:
    return EngineStartError(
        f"{message}. The end of its log:\n{log_tail(log_file)}", hint="the lines above name the cause"
    )
