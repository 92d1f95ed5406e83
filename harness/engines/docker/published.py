"""Which container a port of this machine belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from harness.engines.docker import client, labels


@dataclass(frozen=True)
class Published:
    """A container that has a port of this machine.

    :param stack: name of the stack that it is of; empty if it is none of ours
    :param project: its Compose project; empty if it has none
    """

    name: str
    stack: str = ""
    project: str = ""

    def whose(self) -> str:
        """Return the words that follow its name."""
        return f" of the stack {self.stack!r}" if self.stack else ""

    def way_to_end(self) -> str:
        """Return the command that ends what it is a part of."""
        if self.project:
            return f"`docker compose -p {self.project} down`"
        return f"`floodgate down --name {self.stack}`" if self.stack else f"`docker stop {self.name}`"


def publisher(port: int) -> Published | None:
    """Return the container that has a port; None where none has, or Docker cannot be asked."""
    if client.docker_problem() is not None:
        return None
    with client.translated(f"asking which container has port {port}"):
        found = client.connect().containers.list(filters={"publish": str(port)}, ignore_removed=True)
    if not found:
        return None
    given = found[0].labels
    return Published(found[0].name, given.get(labels.STACK, ""), given.get("com.docker.compose.project", ""))
