"""Computing, once per environment, what every engine would otherwise compute at its first call."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import IO

from harness.environments.folders import below_of, prepared_dir
from harness.exceptions import InstallError

_LIBRARIES = Path("usr/lib/localstack")
"""LocalStack's folder for what comes with an installation, below FILESYSTEM_ROOT."""
_TIMEOUT_S = 300


def prepare(python: Path, module: str, root: Path, lock: IO[str]) -> None:
    """Run `python -m MODULE` with `root` as LocalStack's file system root.

    :param lock: an open lock file that the process inherits, so that it holds the lock should it outlive us
    :raises InstallError: it failed, so the environment is not whole
    """
    (root / _LIBRARIES).mkdir(parents=True)
    result = subprocess.run(
        [str(python), "-P", "-m", module],
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(root),
            "FILESYSTEM_ROOT": str(root),
            "OVERRIDE_IN_DOCKER": "0",
        },
        cwd=root,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_TIMEOUT_S,
        check=False,
        pass_fds=(lock.fileno(),),
    )
    if result.returncode != 0:
        tail = "\n".join((result.stdout + result.stderr).splitlines()[-15:])
        raise InstallError(f"{module} ended with {result.returncode}\n{tail}")


def install_prepared(python: Path, root: Path) -> None:
    """Put what was prepared for the environment of `python` below the file system root of an engine."""
    target = root / _LIBRARIES
    target.mkdir(parents=True, exist_ok=True)
    folder: Path | None = python.parent.parent
    while folder is not None:
        for file in (prepared_dir(folder) / _LIBRARIES).glob("*"):
            shutil.copy(file, target)
        folder = below_of(folder)
