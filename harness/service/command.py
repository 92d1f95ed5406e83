"""`floodgate serve` as its own process waits for the service's. Imports nothing of Locust."""

from __future__ import annotations

import http.client
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from harness.exceptions import EnvironmentNotReadyError
from harness.exit_codes import ExitCode
from harness.load.web.ports import address
from harness.service.config import ServiceConfig

_CHECK_WITHIN_S = 5.0


def check_web_ui(host: str, port: int) -> ExitCode:
    """Return whether the service of this machine answers; raises `EnvironmentNotReadyError` when not.

    :param host: that it listens on
    """
    place = urlsplit(address(host, port)).netloc
    connection = http.client.HTTPConnection(place, timeout=_CHECK_WITHIN_S)
    try:
        connection.request("GET", "/floodgate/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as exc:
        raise EnvironmentNotReadyError(
            f"no service answers at {place}: {exc}", hint="start it: floodgate serve"
        ) from exc
    finally:
        connection.close()
    if status != http.client.OK:
        raise EnvironmentNotReadyError(f"{place} answers with status {status}: another program?")
    return ExitCode.PASSED


def serve(config: ServiceConfig) -> ExitCode:
    """Serve until Ctrl-C, which is passed on: the first is waited for, later ones hurry."""
    with tempfile.TemporaryDirectory(prefix="floodgate-serve-") as folder:
        file = Path(folder) / "service.json"
        file.write_text(config.model_dump_json(), encoding="utf-8")
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
