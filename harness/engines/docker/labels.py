"""Labels of everything that we make in a Docker Engine, so that it is found again whoever made it."""

from __future__ import annotations

from pathlib import Path

from harness.engines.base import ProcessRecord

STACK = "dev.floodgate.stack"
"""Name of the stack; on containers, networks and volumes."""
HOME = "dev.floodgate.home"
"""The stack's state folder: two users of one Docker Engine may have stacks of one name."""
OWNER = "dev.floodgate.owner"
"""`<pid>:<start>` of the process whose death ends the stack; empty where it is kept until `down`."""
IMAGE = "dev.floodgate.image"
"""What an image of ours is for, such as `localstack`."""


def of_stack(name: str, home: Path, owner: ProcessRecord | None = None) -> dict[str, str]:
    """Return the labels of what belongs to a stack."""
    return {STACK: name, HOME: str(home), OWNER: "" if owner is None else f"{owner.pid}:{owner.started_at}"}
