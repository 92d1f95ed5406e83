"""What an engine is: the source of the AWS API that a stack runs on.

An engine knows nothing of the pipeline. It starts, says where its endpoint is and what it can do, and stops
without leaving anything behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

Progress = Callable[[str], None]
"""Takes one line about what is being done now, for a human who waits."""


@dataclass(frozen=True)
class EngineInfo:
    """How to reach a running engine. Field names are those of `floodgate status --json`."""

    name: str
    mode: str
    version: str
    endpoint_url: str
    region: str = "us-east-1"
    account_id: str = "000000000000"
    access_key_id: str = "test"
    secret_access_key: str = "test"  # noqa: S105  (LocalStack's documented dummy)

    @property
    def label(self) -> str:
        """What `--engine` takes for such an engine: `localstack`, `localstack:docker`, or the URL."""
        if self.mode == "url":
            return self.endpoint_url
        return self.name if self.mode in ("host", self.name) else f"{self.name}:{self.mode}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Usage:
    """What one part of an engine has used so far, and holds now; told by engines without host processes."""

    cpu_s: float
    rss_bytes: int
    processes: int = 1


ReadUsage = Callable[[], Mapping[str, Usage]]
"""Returns it by role: `engine` and `functions`. Raises `StackLostError` where the engine does not answer."""


@dataclass(frozen=True)
class ProcessRecord:
    """One process that belongs to a stack.

    A process id alone may have been reused since; `started_at` (seconds since the machine started, see
    `process.start_of`) makes the pair unique.
    """

    role: str
    pid: int
    started_at: float


def _nothing(resource_type: str, properties: Mapping[str, Any]) -> None:
    del resource_type, properties


@dataclass(frozen=True)
class Capabilities:
    """What the engine can do, asked by the code that would otherwise test for its name."""

    resource_types: frozenset[str] | None = None
    """CloudFormation types that the engine creates; None: all that AWS has. Others it rejects, or accepts
    without doing anything."""
    differs_from_aws: tuple[str, ...] = ()
    """Sentences for the report: what behaves differently here from AWS."""
    refuses: Callable[[str, Mapping[str, Any]], str | None] = _nothing
    """Given type and properties of a resource whose type it creates: why it does not create this one."""
    reads_text_as_numbers: bool = True
    """Its CloudFormation takes the value of a `Number` parameter, which is text, where a number belongs."""

    def creates(self, resource_type: str) -> bool:
        """Tell whether the engine's CloudFormation makes such a resource."""
        return self.resource_types is None or resource_type in self.resource_types


class Engine(Protocol):
    """The narrow protocol that every engine fulfils."""

    name: str
    mode: str
    outlives_stack: bool
    """It is not ours to stop, so that the pipeline must be deleted from it."""

    def install(self, progress: Progress) -> object:
        """Fetch what a start needs, unless it is there; a start does it, too. Raises `InstallError`."""

    def start(self, state_dir: Path, progress: Progress) -> EngineInfo:
        """Start and wait until healthy. Raises `EngineStartError`, `PortInUseError`, `DiskFullError`."""

    def attach(self, state_dir: Path) -> None:
        """Take over what another process started in this folder, so as to stop it."""

    def capabilities(self) -> Capabilities:
        """Answer without starting anything."""

    def processes(self) -> list[ProcessRecord]:
        """Processes that must be gone after `stop`; empty where the engine is not ours to stop."""

    def is_running(self) -> bool:
        """Tell, after `start` or `attach`, whether it still runs; True where it is not ours to stop."""

    def log_file(self) -> Path | None:
        """Where the engine's own log is."""

    def stop(self) -> None:
        """Stop and leave nothing behind. Safe to call twice."""
