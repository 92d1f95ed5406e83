"""The Makefile makes the virtual environment again when it cannot be used, and leaves it alone otherwise."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with what looks like a whole virtual environment."""
    folder = tmp_path / "a check-out"
    (folder / "requirements").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "requirements/runtime.txt"):
        shutil.copyfile(ROOT / name, folder / name)
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (folder / ".venv" / ".python").write_text(f"{folder}\n")
    (folder / ".venv" / ".runtime").touch()
    return folder


def would_make(folder: Path, *arguments: str) -> str:
    """Return what make would run to have a virtual environment with the packages of a run."""
    command = ["make", "--dry-run", ".venv/.runtime", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def test_a_whole_one_is_left_alone(checkout: Path) -> None:
    assert "venv" not in would_make(checkout).replace("'.venv/.runtime' is up to date", "")


def test_one_of_a_moved_checkout_is_made_again(checkout: Path) -> None:
    assert "-m venv --clear" in would_make(checkout.rename(checkout.with_name("moved")))


def test_one_whose_python_has_gone_is_made_again(checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nonexistent/python")
    assert "-m venv --clear" in would_make(checkout)


def test_one_that_is_half_made_is_made_again(checkout: Path) -> None:
    (checkout / ".venv" / ".python").unlink()
    assert "-m venv --clear" in would_make(checkout)


def test_a_python_that_is_asked_for_counts(checkout: Path, tmp_path: Path) -> None:
    other = tmp_path / "python3"
    other.write_text('#!/bin/sh\necho "Python 3.12.99"\n')
    other.chmod(0o755)
    assert "-m venv --clear" in would_make(checkout, f"PYTHON={other}")
    assert "-m venv" not in would_make(checkout, f"PYTHON={sys.executable}")


def test_new_pins_do_not_cost_the_environment(checkout: Path) -> None:
    (checkout / ".venv" / ".runtime").unlink()
    commands = would_make(checkout)
    assert "-m venv" not in commands
    assert "requirements/runtime.txt" in commands
