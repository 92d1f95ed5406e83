"""Environment variables that a MiniStack of ours runs with.

Built from nothing, as LocalStack's: what the user has in AWS_*, MINISTACK_* or `~/.aws` must not change how a
stack behaves. The handlers' processes inherit it all.
Meaning of the variables: https://github.com/ministackorg/ministack#configuration
"""

from __future__ import annotations

import os
from pathlib import Path

from harness.engines import ports

_PASSED_THROUGH = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
LAMBDA_CONCURRENCY = 16
"""How many invocations run at once, of all functions together. Each has a process; without a bound MiniStack
starts as many as the machine's memory allows."""
WARM_TTL_S = 20
"""When an idle process of a function ends that is not its last one. Those of one function cannot be used by
another, so that after a burst each function may have `LAMBDA_CONCURRENCY` of them."""


def environment(*, port: int, root: Path, token: str) -> dict[str, str]:
    """Return the whole environment of one engine.

    :param root: folder of this engine alone; all that it writes is below
    :param token: what it is to answer as its edition, by which we know it from another one on the same port
    """
    passed = {name: os.environ[name] for name in _PASSED_THROUGH if name in os.environ}
    return passed | _isolation(port, root) | _lambda() | {"MINISTACK_EDITION": token}


def folders(root: Path) -> list[Path]:
    """Return the folders that must exist before the engine starts."""
    return [root / "home", root / "tmp"]


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


def _lambda() -> dict[str, str]:
    return {
        "LAMBDA_EXECUTOR": "local",
        "LAMBDA_ACCOUNT_CONCURRENCY": str(LAMBDA_CONCURRENCY),
        "LAMBDA_WARM_TTL_SECONDS": str(WARM_TTL_S),
    }
