"""`floodgate run --worker`: one load process for a master on another machine, or on this one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from harness.exit_codes import ExitCode
from harness.load.distributed.token import token_of_environment

_GRACE_S = 20.0
"""After an interrupt, how long uploads that are under way may go on, and the ledger may travel."""


def work_for(master_host: str, master_port: int, wait_s: float) -> ExitCode:
    """Work for a master until it lets go.

    :param wait_s: how long it may take to answer
    :raises UsageError: there is no token
    """
    token_of_environment()
    with tempfile.TemporaryDirectory(prefix="floodgate-worker-") as folder:
        config = Path(folder) / "worker.json"
        config.write_text(
            json.dumps({"master_host": master_host, "master_port": master_port, "wait_s": wait_s})
        )
        # A session of its own, so that Ctrl-C reaches only us, who pass it on as it is understood there.
        process = subprocess.Popen(
            [sys.executable, "-m", "harness.load.distributed", str(config)],
            stdin=subprocess.DEVNULL,
            # Below our folder, which is removed even if the process is killed.
            env=os.environ | {"TMPDIR": folder},
            start_new_session=True,
        )
        try:
            return _as_exit_code(process.wait())
        except KeyboardInterrupt:
            _end(process)
            raise


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_GRACE_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()


def _as_exit_code(code: int) -> ExitCode:
    return ExitCode(code) if code in set(ExitCode) else ExitCode.INTERNAL_ERROR
