"""MiniStack as a process of this machine: much faster than LocalStack, and less exact."""

from __future__ import annotations

import secrets
from pathlib import Path

from harness.engines.base import Capabilities, Progress
from harness.engines.host_process import MIN_FREE_BYTES, START_TIMEOUT_S, HostProcess
from harness.engines.ministack import health, settings
from harness.engines.ministack.capabilities import capabilities
from harness.environments import ensure
from harness.environments.recipes import PLUGIN_DIR

_PROGRAM = Path(__file__).with_name("plugin")


class MiniStackHost(HostProcess):
    """The engine `ministack`.

    :param port: where to listen; None takes a free one
    """

    _lambda_python: Path
    name = "ministack"
    title = "MiniStack"
    stop_grace_s = 1.0

    def __init__(
        self,
        *,
        port: int | None = None,
        start_timeout_s: float = START_TIMEOUT_S,
        min_free_bytes: int = MIN_FREE_BYTES,
    ) -> None:
        super().__init__(port=port, start_timeout_s=start_timeout_s, min_free_bytes=min_free_bytes)
        self._token = f"floodgate-{secrets.token_hex(8)}"

    def install(self, progress: Progress) -> Path:
        """Make MiniStack's environment and the Lambda runtime's, unless they are there."""
        python, self._lambda_python = ensure(self.name, progress), ensure("lambda-runtime", progress)
        return python

    def command(self, python: Path) -> list[str]:
        """Return the command line. `-P`: the folder that it starts in is no place to import from."""
        return [str(python), "-P", str(_PROGRAM), str(PLUGIN_DIR)]

    def environment(self, port: int, root: Path) -> dict[str, str]:
        """Return the whole environment of the process."""
        return settings.environment(
            port=port, root=root, token=self._token, lambda_python=self._lambda_python
        )

    def make_folders(self, root: Path, python: Path) -> None:
        """Make its home and its folder for temporary files."""
        del python
        for folder in settings.folders(root):
            folder.mkdir(parents=True, exist_ok=True)

    def version_when_ready(self, endpoint_url: str, started_log: bytes) -> str | None:
        """Return its version once it is this very MiniStack that answers."""
        del started_log
        answer = health.read(endpoint_url)
        return answer.version if answer and answer.edition == self._token else None

    def capabilities(self) -> Capabilities:
        """Say what it can do without starting it."""
        return capabilities()
