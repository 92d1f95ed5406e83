"""The file that starts the service: `python -m harness.service SERVICECONFIG.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Port = Annotated[int, Field(ge=0, le=65535)]


class LobbyConfig(BaseModel):
    """Where workers find the service, and later the run that they are called to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: Port = 5557
    run_port: Port = 5558
    """Of a run's own master; 0 for any that is free."""


class ServiceConfig(BaseModel):
    """Everything that the service needs to know."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scenarios: Annotated[dict[str, str], Field(min_length=1)]
    """What may be run: its name, and how `floodgate run` is told of it."""
    reports: Path
    """Each run gets a folder in it."""
    stack: str | None = None
    """The stack that runs use if it is up; without it each run makes its own."""
    web_host: str = "127.0.0.1"
    web_port: Port = 8089
    names: frozenset[str] = frozenset()
    """By which the UI may be called besides addresses and `localhost`."""
    lobby: LobbyConfig | None = None
    """`None`: no workers are taken."""
