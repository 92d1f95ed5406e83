"""The pipeline's folder, read as data: the harness never imports its code."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Code:
    """What goes into a Lambda package."""

    name: str
    files: tuple[tuple[str, Path], ...]
    """Each file with its name in the package, in a fixed order."""
    requirements: Path | None
    is_pinned: bool
    """Whether the requirements name every package with its version, all of them pure Python."""


def code(handlers: Path | None = None) -> Code:
    """Return the pipeline's code, or that in a handlers folder of the user's, whose root is the package's.

    :raises UsageError: the folder holds no Python file
    """
    if handlers is None:
        return Code(PACKAGE, tuple(sources()), requirements_file(), is_pinned=True)
    files = tuple(_own_sources(handlers))
    if not any(path.suffix == ".py" for _, path in files):
        raise UsageError(f"--handlers {handlers} holds no Python file")
    requirements = handlers / "requirements.txt"
    return Code("own", files, requirements if requirements.is_file() else None, is_pinned=False)


def definitions(handlers: Path | None = None) -> list[Path]:
    """Return the state machine definitions that belong to the code."""
    return sorted((handlers or folder()).rglob("*.asl.json"))


def _own_sources(root: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if path.is_file() and _is_source(name):
            yield name.as_posix(), path


def _is_source(name: Path) -> bool:
    """Tell whether a file was written by somebody: nothing hidden, nothing compiled, no environment."""
    hidden = any(part.startswith(".") for part in name.parts)
    return not hidden and "__pycache__" not in name.parts and name.suffix != ".pyc"


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
