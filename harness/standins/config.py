"""The configuration file of the stand-ins, checked whole before anything is started."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from harness.engines.base import EngineInfo
from harness.programs import read_config


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Resource(_Strict):
    """One resource of the template, with every intrinsic resolved."""

    logical_id: str
    type: str
    properties: dict[str, Any]


class Code(_Strict):
    """Where the Lambda package lies on the engine. It is what tasks run, as an image would hold it."""

    bucket: str
    key: str


class StandInsConfig(_Strict):
    """Everything that `python -m harness.standins` needs to know. SIGHUP has it read again."""

    engine: EngineInfo
    resources: list[Resource]
    code: Code
    work_dir: Path
    """Gets the unpacked package."""
    ready_file: Path
    """Written when all pipes poll and the first tasks have been started."""
    max_tasks: Annotated[int, Field(ge=1)]
    """Tasks of a service that this machine can bear, whatever the template allows."""

    def of_type(self, kind: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type == kind]


def load(path: Path) -> StandInsConfig:
    """Read and check the file.

    :raises UsageError: it cannot be read, is not JSON, or breaks a rule; all broken rules are listed
    """
    return read_config(path, StandInsConfig, "the configuration of the stand-ins")
