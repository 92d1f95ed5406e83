"""Environment variables that a LocalStack of ours runs with.

The engine's environment is built from nothing: what the user has in AWS_*, LOCALSTACK_*, PYTHON* or in
`~/.aws` and `~/.localstack` must not change how a stack behaves. The exception is LOCALSTACK_AUTH_TOKEN,
which is handed through and never stored.
Meaning of the variables: https://docs.localstack.cloud/references/configuration/
"""

from __future__ import annotations

import os
from pathlib import Path

PASSED_THROUGH = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "LOCALSTACK_AUTH_TOKEN")


def environment(*, port: int, root: Path, lambda_python: Path) -> dict[str, str]:
    """Return the whole environment of one engine.

    :param root: folder of this engine alone; all that it writes is below
    :param lambda_python: Python of the Lambda runtime environment
    """
    passed = {name: os.environ[name] for name in PASSED_THROUGH if name in os.environ}
    return passed | _isolation(port, root) | _plugin(root, lambda_python) | _performance()


def folders(root: Path) -> list[Path]:
    """Return the folders that must exist before the engine starts."""
    return [root / "home", root / "tmp", root / "lambda"]


def _isolation(port: int, root: Path) -> dict[str, str]:
    return {
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        # Queue URLs that work without a name server; by default they need localhost.localstack.cloud.
        "LOCALSTACK_HOST": f"127.0.0.1:{port}",
        "SQS_ENDPOINT_STRATEGY": "path",
        "GATEWAY_SERVER": "floodgate-threads",  # LocalStack's own would listen on every interface
        "FILESYSTEM_ROOT": str(root),
        # Inside a dev container LocalStack would take itself for its own image, and share /tmp/localstack.
        "OVERRIDE_IN_DOCKER": "0",
        # Its DNS server would take port 53 of the machine where we are root.
        "DNS_ADDRESS": "0",
        "HOME": str(root / "home"),
        "TMPDIR": str(root / "tmp"),
        "CONFIG_DIR": str(root / "home" / ".localstack"),
        # Plux, LocalStack's plugin loader, writes its index there in place: two engines would tear it.
        "XDG_CACHE_HOME": str(root / "home" / ".cache"),
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
        "PYTHONUNBUFFERED": "1",
    }


def _plugin(root: Path, lambda_python: Path) -> dict[str, str]:
    return {
        "LAMBDA_RUNTIME_EXECUTOR": "floodgate",
        "PROVIDER_OVERRIDE_DYNAMODB": "floodgate",
        "FLOODGATE_LAMBDA_PYTHON": str(lambda_python),
        "FLOODGATE_LAMBDA_DIR": str(root / "lambda"),
        "FLOODGATE_LAMBDA_MAX_PROCESSES": "16",
        # The starts fall into the time in which CloudFormation makes the rest, not into the first files'.
        "FLOODGATE_LAMBDA_PREWARM": "2",
        "FLOODGATE_ESM_POLLERS": "5",
    }


def _performance() -> dict[str, str]:
    return {
        # Calls from one service to another stay inside the process instead of going through HTTP: 57 → 38 ms
        # of CPU for each file when tried alone. The plugin's mappings of queues need no polling interval.
        "IN_MEMORY_CLIENT": "1",
    }
