"""Why a LocalStack in a container did not start, told by its log, and why one could not be removed."""

from __future__ import annotations

from pathlib import Path

from harness.engines.docker.client import NONE_NEEDED
from harness.engines.docker.image import BASE_ENV, DEFAULT_BASE
from harness.exceptions import EngineStartError, EnvironmentNotReadyError
from harness.files import log_tail

TOKEN_MARK = "license activation failed"  # noqa: S105  (what LocalStack says, with exit code 55)
_TOKEN_HINT = (
    "LOCALSTACK_AUTH_TOKEN must be a valid token (https://app.localstack.cloud/settings/auth-tokens); "
    f"{BASE_ENV}={DEFAULT_BASE} needs none"
)
READY_MARK = b"Ready."
"""LocalStack's last word of its start; it listens by then."""
_DISK_FULL_MARK = "No space left on device"
_TAIL_LINES = 30


def of_start(message: str, log_file: Path) -> EngineStartError:
    """Return the error for a start that failed, with the end of the container's log.

    LocalStack's words about a token: https://github.com/microcks/microcks/issues/2008
    """
    tail = log_tail(log_file, _TAIL_LINES)
    if TOKEN_MARK in tail.lower():
        message, hint = "LocalStack does not start without a valid token", _TOKEN_HINT
    elif _DISK_FULL_MARK in tail:
        hint = "free room where Docker keeps its images and containers: docker system df"
    else:
        hint = f"does the image start by itself? {BASE_ENV} names another one"
    return EngineStartError(f"{message}. The end of its log:\n{tail}", hint=hint)


def of_reach(endpoint_url: str) -> EnvironmentNotReadyError:
    """Return the error for a LocalStack that is up, at an address that leads elsewhere from here."""
    return EnvironmentNotReadyError(
        f"LocalStack is ready in its container, but nothing listens at {endpoint_url} here",
        hint="if Floodgate runs in a container itself, with its machine's Docker socket, that container "
        f"needs the machine's network (docker run --network host); {NONE_NEEDED}",
    )


def of_stop(error: EnvironmentNotReadyError, mark: Path) -> EnvironmentNotReadyError:
    """Return the error for a container that cannot be removed now; the way out is not another engine.

    :param mark: the file that says that there is a container
    """
    name = mark.parent.name
    way = (error.hint or "").removesuffix(NONE_NEEDED).rstrip("; ")
    return EnvironmentNotReadyError(
        f"the container of the stack {name!r} cannot be removed: {error.message}",
        hint=f"{way}; then floodgate down --name {name}. "
        f"If that Docker Engine is gone for good, with its containers: rm {mark} first",
    )
