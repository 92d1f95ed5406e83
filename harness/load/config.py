"""The file that starts the load process: `python -m harness.load LOADCONFIG.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from harness.exceptions import UsageError
from harness.load.workload import Workload, problems_as_usage_error


class SftpTarget(BaseModel):
    """Where the SFTP front end listens, and the fingerprint (`SHA256:…`) that it must show."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    host_key_fingerprint: str


class Login(BaseModel):
    """One customer's login. `home` is what `pwd` shows."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: Annotated[str, Field(min_length=1)]
    private_key_file: Path
    home: str = "/"


class MasterConfig(BaseModel):
    """Where the master of several load processes listens, and how many it waits for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """0 for any that is free; `master.json` beside the ledger tells which."""
    workers: Annotated[int, Field(ge=1)]
    wait_s: Annotated[float, Field(gt=0)] = 60.0
    """How long all workers may take to come."""


class WorkerConfig(BaseModel):
    """The file that starts a worker: where its master is. Everything else it gets from there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    master_host: str
    master_port: Annotated[int, Field(ge=1, le=65535)]
    stop_with_parent: bool = True
    wait_s: Annotated[float, Field(gt=0)] = 60.0
    """How long the master may take to answer."""


class WebUiConfig(BaseModel):
    """Where Locust's web UI listens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8089


class LoadConfig(BaseModel):
    """Everything that one load process needs to know. `None` leaves a value to the scenario."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: Annotated[str, Field(min_length=1)]
    scenario: str
    seed: int = 1
    rate_per_s: float | None = None
    duration_s: float | None = None
    files: int | None = None
    workload: Workload | None = None
    """The scenario's workload with everything that the command line changes: nothing is left to the scenario
    then, and the three values above are not looked at."""
    sftp: SftpTarget
    users: Annotated[list[Login], Field(min_length=1)]
    source_bucket: str
    ledger_dir: Path
    stop_grace_s: Annotated[float, Field(ge=0)] = 10.0
    """After a signal, how long uploads that are under way may go on."""
    worker: str = "0"
    """Names this process's ledger when there are several."""
    shard: Annotated[int, Field(ge=0)] = 0
    """Which part of the schedule is this process's: of `shards` files one after the other, the one at this
    place, from 0."""
    shards: Annotated[int, Field(ge=1)] = 1
    """In how many parts the schedule is divided."""
    clock_ahead_s: float = 0.0
    """What this process adds to its machine's clock, to tell the time of the master's."""
    clock_error_s: float = 0.0
    """How far off that may be."""
    master: MasterConfig | None = None
    """Offer nothing here, but have workers do it."""
    web_ui: WebUiConfig | None = None
    stop_with_parent: bool = True
    """Stop offering when the process that started this one is gone."""


def read_config(path: Path) -> LoadConfig:
    """Read and check the file.

    :raises UsageError: it cannot be read, or something in it is wrong (all problems at once)
    """
    try:
        text = path.read_bytes()
    except OSError as exc:
        raise UsageError(f"cannot read the load configuration {path}: {exc.strerror}") from exc
    with problems_as_usage_error(f"the load configuration {path} is wrong"):
        return LoadConfig.model_validate_json(text)
