"""The pipeline's folder, read as data: the harness never imports its code."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

from harness.exceptions import DeployError, UsageError

PACKAGE = "pipeline"


def folder() -> Path:
    """Return the folder of the package `pipeline`, wherever it is installed. Its code is not run."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise DeployError(
            "the package 'pipeline' is not installed", hint="install Floodgate again from its repository"
        )
    return Path(next(iter(found.submodule_search_locations)))


def template_file() -> Path:
    """Return the CloudFormation template."""
    return folder() / "template.yaml"


def requirements_file() -> Path:
    """Return the pinned dependencies of the handlers."""
    return folder() / "requirements.txt"


def sources() -> Iterator[tuple[str, Path]]:
    """Yield every Python file that goes into the Lambda package, with its name there, in a fixed order."""
    root = folder()
    for path in sorted(root.rglob("*.py")):
        if "__pycache__" not in path.parts:
            yield f"{PACKAGE}/{path.relative_to(root).as_posix()}", path


def profile(name: str) -> dict[str, str]:
    """Return the template parameters of a named profile.

    :raises UsageError: there is no such profile
    """
    profiles = folder() / "profiles"
    path = profiles / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in profiles.glob("*.json")))
        raise UsageError(f"there is no deployment profile '{name}'", hint=f"profiles: {known}")
    parameters: dict[str, str] = json.loads(path.read_text())["parameters"]
    return parameters
