"""The only place that talks to the Docker API: a client, and what is wrong where there is none."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from harness.engines.docker import address
from harness.exceptions import EnvironmentNotReadyError, UsageError

NONE_NEEDED = "--engine localstack needs no Docker"
_TIMEOUT_S = 60
"""Of one call. A Docker Engine that hangs accepts connections and answers nothing."""
_PROBE_TIMEOUT_S = 10
_ANY_VERSION = "1.41"
"""Of the API; not sent where a call names none."""


@dataclass(frozen=True)
class Problem:
    """Why Docker cannot be used, and what mends it.

    :param kind: `package`, `context`, `absent`, `stopped`, `permission`, `hangs` or `unreachable`
    """

    kind: str
    message: str
    hint: str


def docker_problem() -> Problem | None:
    """Return why Docker cannot be used here; None where it can."""
    try:
        _ask()
    except _DockerProblemError as exc:
        return exc.problem
    return None


def connect() -> Any:
    """Return a `docker.DockerClient`, the same one for the whole process.

    :raises UsageError: the Python package is missing
    :raises EnvironmentNotReadyError: there is no Docker Engine that this user may use
    """
    try:
        _where()
        return _client(os.environ.get("DOCKER_HOST", ""))
    except _DockerProblemError as exc:
        raise exc.as_error() from exc


def require_here() -> None:
    """Do nothing if what a container publishes on 127.0.0.1 can be reached from here.

    :raises EnvironmentNotReadyError: the Docker Engine is on another machine, or as `connect`
    :raises UsageError: as `connect`
    """
    connect()
    if address.is_elsewhere(where := _where()):
        raise EnvironmentNotReadyError(
            f"the Docker Engine at {where} is on another machine; its containers' ports are not ours",
            hint=f"DOCKER_HOST, or the Docker context, must lead to one on this machine; {NONE_NEEDED}",
        )


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn what Docker refuses into our errors.

    :param doing: what is tried, for the message
    :raises EnvironmentNotReadyError: Docker refused, or has gone
    """
    try:
        yield
    except Exception as exc:
        if not _is_of_docker(exc):
            raise
        problem = _problem_of(exc)
        if problem.kind != "unreachable":
            raise EnvironmentNotReadyError(f"{doing}: {problem.message}", hint=problem.hint) from exc
        raise EnvironmentNotReadyError(f"{doing}: {explanation(exc)}", hint=problem.hint) from exc


def explanation(exc: BaseException) -> str:
    """Return what the Docker Engine itself says, without the HTTP around it."""
    return str(getattr(exc, "explanation", None) or exc)


class _DockerProblemError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem

    def as_error(self) -> UsageError | EnvironmentNotReadyError:
        kind = UsageError if self.problem.kind == "package" else EnvironmentNotReadyError
        return kind(self.problem.message, hint=self.problem.hint)


def _ask() -> None:
    """Make a new client and ask once, with little patience.

    With a version, because a client that is to find out the version asks before it can be closed.
    """
    _knock()
    client = _connected(timeout=_PROBE_TIMEOUT_S, version=_ANY_VERSION)
    with contextlib.closing(client):
        try:
            client.api.version(api_version=False)
        except Exception as exc:
            if not _is_of_docker(exc):
                raise
            raise _DockerProblemError(_problem_of(exc)) from exc


def _knock() -> None:
    """Connect to the Docker Engine's socket: Docker's own client leaves one open where that fails."""
    where = _where()
    if not where.startswith("unix://"):
        return
    with socket.socket(socket.AF_UNIX) as knocking:
        knocking.settimeout(_PROBE_TIMEOUT_S)
        try:
            knocking.connect(where.removeprefix("unix://"))
        except OSError as exc:
            raise _DockerProblemError(_problem_of(exc)) from exc


@functools.lru_cache(maxsize=4)
def _client(host: str) -> Any:
    del host  # only the key: another DOCKER_HOST is another client
    _ask()
    client = _connected(timeout=_TIMEOUT_S)
    atexit.register(client.close)
    return client


def _connected(**options: Any) -> Any:
    try:
        return _library().DockerClient(**options).client
    except Exception as exc:
        if not _is_of_docker(exc):
            raise
        raise _DockerProblemError(_problem_of(exc)) from exc


def _library() -> Any:
    """Return testcontainers' module about Docker, imported when it is needed."""
    try:
        from testcontainers.core import docker_client
    except ImportError as exc:
        raise _DockerProblemError(
            Problem(
                "package",
                f"the Python package for Docker is not installed ({exc})",
                'pip install "floodgate-harness[docker]"',
            )
        ) from exc
    return docker_client


def _where() -> str:
    """Return the address of the Docker Engine, as testcontainers finds it."""
    library = _library()
    try:
        address.take_context()
    except LookupError as exc:
        problem = Problem(
            "context", f"there is no Docker context {exc.args[0]!r}", "docker context ls lists them"
        )
        raise _DockerProblemError(problem) from exc
    return library.get_docker_host() or address.USUAL_SOCKET


def _is_of_docker(exc: BaseException) -> bool:
    """Tell whether this is Docker's, or of the HTTP below it."""
    import requests.exceptions
    from docker import errors

    kinds = (errors.DockerException, requests.exceptions.RequestException, OSError)
    return isinstance(exc, kinds)


def _problem_of(exc: BaseException) -> Problem:
    import requests.exceptions

    where = _where()
    causes = list(_chain(exc))
    if any(isinstance(cause, PermissionError) for cause in causes):
        return Problem(
            "permission",
            f"this user may not use the Docker Engine at {where}",
            f"sudo usermod -aG docker $USER, then log in again; {NONE_NEEDED}",
        )
    if any(isinstance(cause, FileNotFoundError) for cause in causes):
        return _absent_or_stopped(where)
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return _stopped(where)
    if any(isinstance(cause, (requests.exceptions.Timeout, TimeoutError)) for cause in causes):
        return Problem(
            "hangs",
            f"the Docker Engine at {where} does not answer",
            f"sudo systemctl restart docker; {_doubt(where)}{NONE_NEEDED}",
        )
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return Problem(
            "unreachable",
            f"nobody knows the machine of the Docker Engine at {where}",
            f"{_doubt(where)}{NONE_NEEDED}",
        )
    return Problem(
        "unreachable",
        f"the Docker Engine at {where} cannot be used: {explanation(exc)}",
        f"does `docker version` work, and is DOCKER_HOST right? {NONE_NEEDED}",
    )


def _absent_or_stopped(where: str) -> Problem:
    if shutil.which("dockerd") or shutil.which("docker"):
        return _stopped(where)
    return Problem(
        "absent",
        f"there is no Docker Engine on this machine (nothing at {where}, no program `docker`)",
        f"install it: https://docs.docker.com/engine/install/; {_doubt(where)}{NONE_NEEDED}",
    )


def _stopped(where: str) -> Problem:
    return Problem(
        "stopped",
        f"the Docker Engine is not running (nothing listens at {where})",
        f"sudo systemctl start docker, or start Docker Desktop; {_doubt(where)}{NONE_NEEDED}",
    )


def _doubt(where: str) -> str:
    """Return a question for who has said where the Docker Engine is."""
    return "" if where == address.USUAL_SOCKET else "is DOCKER_HOST, or the Docker context, right? "


def _chain(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__
