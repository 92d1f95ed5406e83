"""`floodgate serve` as its own process waits for the service's. Imports nothing of Locust."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from harness.exit_codes import ExitCode
from harness.service.config import ServiceConfig


def serve(config: ServiceConfig) -> ExitCode:
    """Serve until Ctrl-C, which is passed on: the first is waited for, later ones hurry."""
    with tempfile.TemporaryDirectory(prefix="floodgate-serve-") as folder:
        file = Path(folder) / "service.json"
        file.write_text(config.model_dump_json())
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "harness.service", str(file)],
            stdin=subprocess.DEVNULL,
            # Ctrl-C reaches only us, who pass it on as it is understood there.
            start_new_session=True,
        )
        while True:
            try:
                code = process.wait()
                return ExitCode(code) if code in set(ExitCode) else ExitCode.INTERNAL_ERROR
            except KeyboardInterrupt:
                process.send_signal(signal.SIGTERM)
