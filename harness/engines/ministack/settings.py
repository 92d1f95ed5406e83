"""Environment variables that a MiniStack of ours runs with.

Built from nothing, as LocalStack's: what the user has in AWS_*, MINISTACK_* or `~/.aws` must not change how a
stack behaves.
Meaning of the variables: https://github.com/ministackorg/ministack#configuration
"""

from __future__ import annotations

import os
from pathlib import Path

from harness.engines import ports

_PASSED_THROUGH = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
LAMBDA_PROCESSES = 16
"""How many execution environments there are at once, of all functions together; others wait for theirs."""


def environment(*, port: int, root: Path, token: str, lambda_python: Path) -> dict[str, str]:
    """Return the whole environment of one engine.

    :param root: folder of this engine alone; all that it writes is below
    :param lambda_python: Python of the Lambda runtime environment
    :param token: what it is to answer as its edition, by which we know it from another one on the same port
    """
    passed = {name: os.environ[name] for name in _PASSED_THROUGH if name in os.environ}
    return passed | _isolation(port, root) | _lambda(root, lambda_python) | {"MINISTACK_EDITION": token}


def folders(root: Path) -> list[Path]:
    """Return the folders that must exist before the engine starts."""
    return [root / "home", root / "tmp", root / "lambda"]


def _isolation(port: int, root: Path) -> dict[str, str]:
    return {
        "BIND_HOST": ports.HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": ports.HOST,  # for queue URLs; "localhost" may lead to IPv6, where nobody listens
        "MINISTACK_REGION": "us-east-1",
        "MINISTACK_ACCOUNT_ID": "000000000000",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        # Listeners of their own, on every interface.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        # It removes containers that it takes for its own, at start and stop. It needs none.
        "DOCKER_HOST": f"unix://{root / 'no-docker.sock'}",
        "PERSIST_STATE": "0",
        "STATE_DIR": str(root / "state"),
        "S3_PERSIST": "0",
        "S3_DATA_DIR": str(root / "s3"),
        "HOME": str(root / "home"),
        "TMPDIR": str(root / "tmp"),
        # At INFO it logs the output of every invocation, which CloudWatch Logs has.
        "LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
    }


def _lambda(root: Path, lambda_python: Path) -> dict[str, str]:
    return {
        "LAMBDA_EXECUTOR": "local",
        # AWS's limit of an account. MiniStack's default depends on the machine's memory.
        "LAMBDA_ACCOUNT_CONCURRENCY": "1000",
        "FLOODGATE_LAMBDA_PYTHON": str(lambda_python),
        "FLOODGATE_LAMBDA_DIR": str(root / "lambda"),
        "FLOODGATE_LAMBDA_MAX_PROCESSES": str(LAMBDA_PROCESSES),
        "FLOODGATE_LAMBDA_PREWARM": "2",
    }
