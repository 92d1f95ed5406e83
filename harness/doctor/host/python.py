"""The Python that Floodgate runs on, and the packages beside it."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator

import uv
from packaging.requirements import InvalidRequirement, Requirement

from harness.doctor.finding import Finding, failed, ok, warning
from harness.environments.recipes import localstack_version

OLDEST, NEWEST = (3, 11), (3, 13)
_DISTRIBUTION = "floodgate-harness"


def version(running: tuple[int, int] = sys.version_info[:2]) -> Iterator[Finding]:
    """Look at the version, which also decides which LocalStack the host engine is."""
    text = ".".join(map(str, running))
    if OLDEST <= running <= NEWEST:
        yield ok(
            "python.version",
            f"Python {text} at {sys.executable}, so LocalStack {localstack_version()} as a host process",
            version=text,
            localstack=localstack_version(),
        )
    else:
        yield failed(
            "python.version",
            f"Python {text}: Floodgate runs on 3.11, 3.12 and 3.13",
            fix="make a virtual environment with one of these: python3.12 -m venv .venv",
            version=text,
        )


def packages() -> Iterator[Finding]:
    """Compare what Floodgate declares to need with what is installed: `pip install` of others changes it."""
    try:
        declared = importlib.metadata.requires(_DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        yield failed(
            "python.packages", f"{_DISTRIBUTION} is not installed", fix=f"pip install {_DISTRIBUTION}"
        )
        return
    wrong = [problem for line in declared if (problem := _problem(line))]
    if wrong:
        yield warning(
            "python.packages",
            f"not what Floodgate was made for: {', '.join(wrong)}",
            fix="pip install --upgrade floodgate-harness, best in a virtual environment of its own",
        )
    else:
        yield ok("python.packages", f"{len(declared)} requirements of Floodgate are met")


def _problem(line: str) -> str | None:
    """Return what is wrong about one requirement; extras that nobody has to install are not looked at."""
    try:
        needed = Requirement(line)
        if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
            return None
        installed = importlib.metadata.version(needed.name)
    except importlib.metadata.PackageNotFoundError:
        return f"{needed.name} is missing"
    except InvalidRequirement as exc:
        return str(exc)
    fits = needed.specifier.contains(installed, prereleases=True)
    return None if fits else f"{needed.name} is {installed}, needed is {needed.specifier}"


def installer() -> Iterator[Finding]:
    """Look for uv, which makes the engines' environments."""
    try:
        program = uv.find_uv_bin()
    except FileNotFoundError:
        yield failed(
            "python.uv", "the program uv is missing", fix="install it beside Floodgate: pip install uv"
        )
    else:
        yield ok("python.uv", f"uv {importlib.metadata.version('uv')} at {program}")
