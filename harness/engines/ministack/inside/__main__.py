"""Runs MiniStack with our corrections; a program of MiniStack's own environment.

    python -P harness/engines/ministack/inside PYTHON_OF_THE_LAMBDA_RUNTIME

MiniStack runs handlers on its own `sys.executable`. Its environment pins another botocore and has no boto3,
so handlers get the Lambda runtime's instead, the same as on the other engines. And it runs whatever scripts
lie in `/docker-entrypoint-initaws.d` of the machine, which are meant for MiniStack's own container.
"""

from __future__ import annotations

import sys
from importlib import import_module

CORRECTIONS = ("s3_events",)
"""Modules of this folder, each with an `apply`; Python puts the folder of such a program on its path."""


def main() -> None:
    """Serve until SIGTERM."""
    sys.executable = sys.argv.pop(1)
    app = import_module("ministack.app")
    app._collect_scripts = _no_scripts  # type: ignore[attr-defined]
    for name in CORRECTIONS:
        import_module(name).apply()
    app.main()


def _no_scripts(*folders: str) -> list[str]:
    del folders
    return []


if __name__ == "__main__":
    main()
