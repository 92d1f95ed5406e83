"""LocalStack as a process of this machine, without Docker."""

from __future__ import annotations

from pathlib import Path

from harness.engines.base import Capabilities, Progress
from harness.engines.host_process import HostProcess
from harness.engines.localstack import differences, health, settings
from harness.engines.localstack.resource_types import RESOURCE_TYPES
from harness.environments import ensure
from harness.environments.prepare import install_prepared
from harness.environments.recipes import localstack_version


class LocalStackHost(HostProcess):
    """The engine `localstack`.

    :param port: where to listen; None takes a free one
    :param start_timeout_s: how long a start may take until it counts as failed
    :param min_free_bytes: room that the state folder's disk must have
    """

    _lambda_python: Path
    name = "localstack"
    title = "LocalStack"
    stop_grace_s = 1.0
    """Its own end waits for calls to itself that cannot succeed any more, and nothing that it would still
    write is kept."""

    def install(self, progress: Progress) -> Path:
        """Make LocalStack's environment and the Lambda runtime's, unless they are there."""
        python, self._lambda_python = ensure(self.name, progress), ensure("lambda-runtime", progress)
        return python

    def command(self, python: Path) -> list[str]:
        """Return the command line. `-P`: the folder that it starts in is no place to import from."""
        return [str(python), "-P", "-m", "localstack.runtime.main"]

    def environment(self, port: int, root: Path) -> dict[str, str]:
        """Return the whole environment of the process."""
        return settings.environment(port=port, root=root, lambda_python=self._lambda_python)

    def make_folders(self, root: Path, python: Path) -> None:
        """Make its folders, with what was prepared when its environment was made."""
        for folder in settings.folders(root):
            folder.mkdir(parents=True, exist_ok=True)
        install_prepared(python, root)

    def version_when_ready(self, endpoint_url: str, started_log: bytes) -> str | None:
        """Return its version once it has printed that it is ready, and answers."""
        if health.READY_LINE.encode() not in started_log or not (found := health.read(endpoint_url)):
            return None
        return str(found.get("version", "unknown"))

    def capabilities(self) -> Capabilities:
        """Say what LocalStack 4.9/4.14 lacks, each item tried."""
        return Capabilities(
            resource_types=RESOURCE_TYPES,
            differs_from_aws=differences.differs_from_aws("localstack", localstack_version()),
        )
