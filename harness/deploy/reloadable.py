"""What of a stack can be given new code in place: `reload.json` in the deployment's working folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.deploy.parameters import DEFINITIONS
from harness.deploy.template import mentions
from harness.exceptions import DeployError
from harness.files import replace_json

FILE_NAME = "reload.json"
_FUNCTION = "AWS::Lambda::Function"
_MACHINE = "AWS::StepFunctions::StateMachine"


@dataclass(frozen=True)
class Machine:
    """A state machine whose definition is a file of ours."""

    arn: str
    file: str
    """Name of the definition, such as `parent.asl.json`."""
    substitutions: dict[str, str]


@dataclass(frozen=True)
class Reloadable:
    """Functions that run our package, and state machines that run our definitions."""

    functions: tuple[str, ...]
    machines: tuple[Machine, ...]

    def write(self, work_dir: Path) -> None:
        """Write it. Raises `OSError`."""
        replace_json(work_dir / FILE_NAME, asdict(self))

    @classmethod
    def read(cls, work_dir: Path) -> Reloadable:
        """Return what was written there.

        :raises DeployError: nothing was
        """
        try:
            data = json.loads((work_dir / FILE_NAME).read_text())
        except FileNotFoundError as exc:
            raise DeployError("this stack cannot be given new code in place") from exc
        return cls(tuple(data["functions"]), tuple(Machine(**each) for each in data["machines"]))


def describe(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `from_resolved` needs, as a piece of template whose intrinsics are still to be resolved."""
    functions, machines = [], []
    for name, body in resources.items():
        properties = body.get("Properties", {})
        if body["Type"] == _FUNCTION and mentions(properties.get("Code"), {"CodeKey"}):
            functions.append({"Ref": name})
        location = properties.get("DefinitionS3Location")
        if body["Type"] == _MACHINE and mentions(location, {DEFINITIONS}):
            substitutions = properties.get("DefinitionSubstitutions", {})
            machines.append({"arn": {"Ref": name}, "key": location["Key"], "substitutions": substitutions})
    return {"functions": functions, "machines": machines}


def from_resolved(resolved: Mapping[str, Any]) -> Reloadable:
    """Return what was described, now that its values are known."""
    machines = (
        Machine(each["arn"], each["key"].rpartition("/")[2], each["substitutions"])
        for each in resolved["machines"]
    )
    return Reloadable(tuple(resolved["functions"]), tuple(machines))
