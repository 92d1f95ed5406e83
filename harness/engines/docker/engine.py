"""LocalStack in a container, with the same plugin as on the host.

On this machine there are `engine.log`, saved from Docker, and a mark that there is a container; that carries
the stack's folder as a label, by which whoever comes next finds it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import time
import urllib.request
from pathlib import Path

from harness.engines import ports
from harness.engines.base import Capabilities, EngineInfo, ProcessRecord, Progress
from harness.engines.docker import client as docker_client
from harness.engines.docker import container, failures, image, labels
from harness.engines.docker.owner import owner_of
from harness.engines.localstack import differences, health
from harness.engines.localstack.resource_types import RESOURCE_TYPES
from harness.exceptions import EnvironmentNotReadyError, UsageError

START_TIMEOUT_S = 180.0
_PORT_ATTEMPTS = 5
_POLL_S = 0.1


class LocalStackDocker:
    """The engine `localstack:docker`.

    :param port: where to listen, on 127.0.0.1; None takes a free one
    :param base_image: LocalStack's image; None takes what LOCALSTACK_IMAGE says, or the last free release
    :param start_timeout_s: how long a start may take until it counts as failed
    """

    name = "localstack"
    mode = "docker"
    outlives_stack = False

    def __init__(
        self,
        *,
        port: int | None = None,
        base_image: str | None = None,
        start_timeout_s: float = START_TIMEOUT_S,
    ) -> None:
        self._asked_port = port
        self._base_image = base_image
        self._start_timeout_s = start_timeout_s
        self._state_dir: Path | None = None
        self._version: str | None = None

    def install(self, progress: Progress) -> str:
        """Return the image, which is built unless it is there. Raises as `start` does."""
        docker_client.connect()
        return image.ensure(progress, self._base_image)

    def start(self, state_dir: Path, progress: Progress) -> EngineInfo:
        """Start a container and wait until LocalStack in it is healthy.

        :raises UsageError: the Python package for Docker is missing
        :raises EnvironmentNotReadyError: Docker is missing, or the image and the network for it are
        :raises InstallError: what goes into the image could not be had
        :raises PortInUseError: the port that was asked for is taken
        :raises EngineStartError: LocalStack ended, or did not become healthy in time
        """
        docker_client.require_here()
        if self._asked_port is not None:
            ports.require_free(self._asked_port)
        made = self.make_image(progress)
        state_dir.mkdir(parents=True, exist_ok=True)
        self._state_dir = state_dir.absolute()
        container.sweep(self._state_dir.parent, progress)
        self._mark().touch()
        try:
            # One of the same folder is left where somebody has deleted that folder by hand, and asked again.
            container.remove(self._state_dir)
            return self._start_on_some_port(made, progress)
        except BaseException:
            self.stop()
            raise

    def make_image(self, progress: Progress) -> str:
        """Return the name of the image to start, made first if need be."""
        return image.ensure(progress, self._base_image)

    def attach(self, state_dir: Path) -> None:
        """Take over a container that another process of ours started for this folder."""
        self._state_dir = state_dir.absolute()

    def capabilities(self) -> Capabilities:
        """Say what LocalStack lacks, each item tried; before a start, of the version in the image's tag."""
        version = self._version or image.version_in(self._base_image or image.base())
        return Capabilities(
            resource_types=RESOURCE_TYPES,
            differs_from_aws=differences.differs_from_aws("localstack:docker", version),
        )

    def processes(self) -> list[ProcessRecord]:
        """Return nothing: they are the container's."""
        return []

    def is_running(self) -> bool:
        """Tell whether the container runs, and is not paused.

        :raises EnvironmentNotReadyError: the Docker Engine does not answer
        """
        if not self._mark().exists():
            return False
        state = container.state_of(self._state())
        return state is not None and state.running

    def log_file(self) -> Path | None:
        """Return `engine.log`, as of now; without Docker, as it was saved last."""
        if self._state_dir is None or not self._state_dir.is_dir():
            return None
        try:
            container.save_log(self._state_dir, self._log())
        except (EnvironmentNotReadyError, UsageError):
            return self._log() if self._log().exists() else None
        return self._log()

    def stop(self) -> None:
        """Save the log if it can be, then remove the container with all that it wrote.

        :raises EnvironmentNotReadyError: the Docker Engine does not answer
        """
        if self._state_dir is None or not self._mark().exists():
            return
        # A full disk, or a log that Docker cannot read, keeps no container.
        with contextlib.suppress(OSError, EnvironmentNotReadyError):
            container.save_log(self._state_dir, self._log())
        try:
            container.remove(self._state_dir)
        except EnvironmentNotReadyError as exc:
            raise failures.of_stop(exc, self._mark()) from exc
        self._mark().unlink(missing_ok=True)

    def free_port(self) -> int:
        """Return a port that the kernel says is free now."""
        return ports.free_port()

    def _start_on_some_port(self, made: str, progress: Progress) -> EngineInfo:
        """Start on the port asked for, or on free ones until none is snatched away before Docker binds it."""
        for attempt in range(_PORT_ATTEMPTS):
            port = self._asked_port or self.free_port()
            progress(f"LocalStack: starting a container on port {port}")
            try:
                container.run(made, self._state(), port, self._labels())
                break
            except EnvironmentNotReadyError as exc:
                container.remove(self._state())
                last = self._asked_port is not None or attempt == _PORT_ATTEMPTS - 1
                if last or not container.port_was_taken(exc):
                    raise
        endpoint_url = f"http://{ports.HOST}:{port}"
        self._version = self._wait(endpoint_url)
        return EngineInfo(self.name, self.mode, self._version, endpoint_url)

    def _labels(self) -> dict[str, str]:
        return labels.of_stack(self._state().name, self._state(), owner_of(self._state()))

    def _wait(self, endpoint_url: str) -> str:
        """Return LocalStack's version once it is ready."""
        deadline = time.monotonic() + self._start_timeout_s
        while time.monotonic() < deadline:
            state = container.state_of(self._state())
            if state is None or not state.running:
                code = "nothing" if state is None else str(state.exit_code)
                raise failures.of_start(f"LocalStack ended with {code} while it was starting", self._saved())
            if _is_ready(endpoint_url) and (told := health.read(endpoint_url)):
                return str(told.get("version", "unknown"))
            if container.has_said(self._state(), failures.READY_MARK) and not ports.answers(endpoint_url):
                raise failures.of_reach(endpoint_url)
            time.sleep(_POLL_S)
        raise failures.of_start(
            f"LocalStack was not healthy after {self._start_timeout_s:.0f} s", self._saved()
        )

    def _saved(self) -> Path:
        container.save_log(self._state(), self._log())
        return self._log()

    def _state(self) -> Path:
        assert self._state_dir is not None
        return self._state_dir

    def _log(self) -> Path:
        return self._state() / "engine.log"

    def _mark(self) -> Path:
        """Return the file that is there from before the first container until all is removed.

        Without it Docker need not be asked, so that a start which failed for want of Docker can be cleared.
        """
        return self._state() / "engine.container"


def _is_ready(endpoint_url: str) -> bool:
    """Tell whether LocalStack has done all that it does at its start.

    https://docs.localstack.cloud/aws/capabilities/config/initialization-hooks/ (status of a stage)
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint_url}/_localstack/init/ready", timeout=5) as answer:
            return bool(json.load(answer).get("completed"))
    except (OSError, http.client.HTTPException, ValueError):
        return False
