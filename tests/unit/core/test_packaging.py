"""What is installed is what is in the repository: the builder leaves out whatever `.gitignore` names."""

from __future__ import annotations

import fnmatch
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_no_folder_of_ours_has_a_name_that_is_ignored_everywhere() -> None:
    """A pattern without a slash at its beginning or in its middle is about every folder of that name."""
    lines = (ROOT / ".gitignore").read_text().split()
    patterns = [line.rstrip("/") for line in lines if "/" not in line.rstrip("/")]
    assert "__pycache__" in patterns
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    names = {part for path in sources for part in path.relative_to(ROOT).parts}
    left_out = {name for name in names for pattern in patterns if fnmatch.fnmatch(name, pattern)}
    assert left_out == set()
