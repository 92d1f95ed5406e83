"""The configuration file of the stand-ins, checked whole before anything is started."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.engines.base import EngineInfo
from harness.exceptions import UsageError


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
    try:
        return StandInsConfig.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as exc:
        raise UsageError(f"cannot read the configuration of the stand-ins: {exc}") from exc
    except ValidationError as exc:
        problems = [f"  {'.'.join(map(str, e['loc'])) or 'configuration'}: {e['msg']}" for e in exc.errors()]
        raise UsageError("\n".join([f"the configuration {path} is wrong:", *problems])) from exc
    except ValueError as exc:
        raise UsageError(f"the configuration {path} is not JSON: {exc}") from exc
