"""The configuration file of the Transfer process, checked whole before anything is started."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from harness.engines.base import EngineInfo
from harness.programs import read_config

Port = Annotated[int, Field(ge=0, le=65535)]


class SupervisorConfig(BaseModel):
    """Everything that `python -m harness.transfer` needs to know."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: EngineInfo
    store_file: Path
    """The control plane's records; made when it does not exist."""
    work_dir: Path
    """Gets the configuration and ready files of the workers."""
    host: str = "127.0.0.1"
    """Where servers and the Transfer API listen."""
    advertise_host: str | None = None
    """By what name clients find `host`; None: by `host` itself."""
    ports: dict[str, Port] = {}
    """Server id to port; other servers get free ones, which their tags `floodgate:endpoint` tell."""
    ftp_ports: dict[str, Port] = {}
    """The same for FTPS and FTP; the tags are `floodgate:ftp-endpoint`."""
    api_port: Port = 0
    """Of the Transfer API; 0 takes a free one, which the ready file tells."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes for each server."""
    worker: dict[str, Any] = {}
    """Fields of `harness.sftp.config` that all workers get."""
    ftp_worker: dict[str, Any] = {}
    """Fields of `harness.ftp.config` that workers for FTPS and FTP get, too, such as `passive_ports`."""
    mirror_interval_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    """How often servers and users are read from the engine's own Transfer API, to be served here, too; None:
    the engine has none."""
    main_server: str | None = None
    """The server that this process is there for: it ends when that one cannot be served."""
    drain_timeout_s: Annotated[float, Field(ge=0, le=600)] = 10.0
    """How long uploads that are open may go on after SIGTERM, StopServer and DeleteServer."""
    retire_timeout_s: Annotated[float, Field(ge=0, le=3600)] = 300.0
    """How long sessions may go on after UpdateServer, under the settings with which they began."""
    exit_with_parent: int | None = None
    """Process whose end is treated like SIGTERM."""
    ready_file: Path
    """Written when everything listens, and again whenever a server's state changes."""


def load(path: Path) -> SupervisorConfig:
    """Read and check the file.

    :raises UsageError: it cannot be read, is not JSON, or breaks a rule; all broken rules are listed
    """
    return read_config(path, SupervisorConfig, "the configuration of the Transfer process")
