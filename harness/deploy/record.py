"""What a deployment made, written down before it is made: `deployment.json` in its working folder.

On an engine that outlives the stack, this is how its removal knows what is its own. A CloudFormation stack
carries the deployment's token as a tag, so that a stack of the same name that somebody else made is never
taken for ours.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.files import replace_json

FILE_NAME = "deployment.json"
STACK_TAG = "floodgate:stack"
"""Tag of every CloudFormation stack that Floodgate creates; its value is the stack's name in Floodgate."""
TOKEN_TAG = "floodgate:deployment"  # noqa: S105  (a tag's name)


def artifact_folder(stack_name: str, token: str) -> str:
    """Return the folder in the artifact bucket that a deployment has for itself."""
    return f"{stack_name}-{token[:8]}"


@dataclass(frozen=True)
class DeploymentRecord:
    """One deployment, for its removal."""

    stack_name: str
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    api_created: tuple[dict[str, Any], ...] = ()
    """`type` and `name` of what was created through the API; for a metric filter also `log_group`, and in an
    account `token` for a role and a server, which must have it as a tag.
    """

    def tags(self) -> dict[str, str]:
        """Return the tags that mark the CloudFormation stack as this deployment's."""
        return {STACK_TAG: self.stack_name.removeprefix("floodgate-"), TOKEN_TAG: self.token}

    @property
    def change_set(self) -> str:
        """Name of the change set that makes the stack in an account."""
        return f"floodgate-{self.token[:8]}"

    @property
    def artifact_folder(self) -> str:
        """Where in the artifact bucket this deployment's files are."""
        return artifact_folder(self.stack_name, self.token)

    def with_api_created(self, *made: dict[str, Any]) -> DeploymentRecord:
        """Return the record with more in it."""
        return replace(self, api_created=(*self.api_created, *made))

    def write(self, work_dir: Path) -> None:
        """Write it. Raises `OSError`."""
        replace_json(work_dir / FILE_NAME, asdict(self))

    @classmethod
    def read(cls, work_dir: Path) -> DeploymentRecord | None:
        """Return what was written there; None where nothing was."""
        try:
            data = json.loads((work_dir / FILE_NAME).read_text())
        except FileNotFoundError:
            return None
        return cls(data["stack_name"], data["token"], tuple(data["api_created"]))
