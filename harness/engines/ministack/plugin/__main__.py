"""Runs MiniStack with our corrections; a program of MiniStack's own environment.

    python -P harness/engines/ministack/plugin FOLDER_OF_THE_LOCALSTACK_PLUGIN

The plugin's Lambda runtime knows nothing of LocalStack, and runs the functions here, too. MiniStack itself
would run whatever scripts lie in `/docker-entrypoint-initaws.d` of the machine, which are meant for its own
container.
"""

from __future__ import annotations

import sys
from importlib import import_module

CORRECTIONS = (
    "s3_events",
    "s3_conditional_copy",
    "functions",
    "function_logs",
    "cloudformation_functions",
    "child_executions",
    "transfer_events",
    "sqs_messages",
    "sqs_backlog",
    "batching_windows",
    "sqs_moves",
    "api",
)
"""Modules of `floodgate_ministack`, each with an `apply`. Python puts the folder of such a program on its
path."""


def main() -> None:
    """Serve until SIGTERM."""
    sys.path.append(sys.argv.pop(1))
    app = import_module("ministack.app")
    app._collect_scripts = _no_scripts  # type: ignore[attr-defined]
    for name in CORRECTIONS:
        import_module(f"floodgate_ministack.{name}").apply()
    app.main()


def _no_scripts(*folders: str) -> list[str]:
    del folders
    return []


if __name__ == "__main__":
    main()
