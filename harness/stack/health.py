"""`python -m harness.stack.health [NAME]`: whether the stack of `floodgate up --stay` takes files.

For the health check of a container, which asks every few seconds: it loads next to nothing. The keeper of the
stack asks the engine, and ends when that is lost.
"""

from __future__ import annotations

import json
import os
import socket
import sys

from harness.paths import stacks_dir
from harness.stack import keeper

_TIMEOUT_S = 4.0
_BANNER = b"SSH-2.0-"
DEFAULT_NAME = "default"


def problem(name: str) -> str | None:
    """Return what is wrong with the stack; None when it is up, kept, and its SFTP server greets."""
    folder = stacks_dir() / name
    try:
        sftp = json.loads((folder / "stack.json").read_text())["sftp"]
    except (OSError, ValueError, KeyError):
        return f"no stack named {name!r} is up"
    if not keeper.is_kept(folder):
        return "its keeper has ended"
    return _refusal(sftp["port"])


def _refusal(port: int) -> str | None:
    """Return why the SFTP server of this machine does not greet."""
    try:
        with socket.create_connection(("127.0.0.1", port), _TIMEOUT_S) as connection:
            greeting = connection.recv(len(_BANNER))
    except OSError as exc:
        return f"SFTP on port {port}: {exc}"
    return None if greeting == _BANNER else f"SFTP on port {port} answers {greeting!r}"


if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("FLOODGATE_STACK", DEFAULT_NAME)
    if found := problem(name):
        sys.exit(found)
