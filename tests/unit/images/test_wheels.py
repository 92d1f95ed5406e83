"""Which wheels are fetched, and which go, without fetching any."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.exceptions import InstallError
from harness.images import wheels

pytestmark = pytest.mark.unit


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of the index: the pins of files are their lines, and each has a wheel."""
    asked: list[str] = []

    def fetch(pins: Sequence[str], folder: Path) -> None:
        for pin in pins:
            name, _, version = pin.partition("==")
            (folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl").touch()
        asked.extend(pins)

    monkeypatch.setattr(wheels, "_for_target", lambda file: file.read_text().split())
    monkeypatch.setattr(wheels, "_fetch", fetch)
    return asked


def requirements(folder: Path, *pins: str) -> Path:
    file = folder / "requirements.txt"
    file.write_text("\n".join(pins))
    return file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.whl"))


def test_a_second_time_nothing_is_fetched(tmp_path: Path, fetched: list[str]) -> None:
    file = requirements(tmp_path, "Flask-Login==1.0", "zope.event==2.0")
    for _ in range(2):
        wheels.fill(tmp_path / "wheels", [file], print)
    assert fetched == ["Flask-Login==1.0", "zope.event==2.0"]


def test_only_what_is_missing_is_fetched_and_what_nobody_wants_goes(
    tmp_path: Path, fetched: list[str]
) -> None:
    folder = tmp_path / "wheels"
    wheels.fill(folder, [requirements(tmp_path, "kept==1.0", "raised==1.0")], print)
    wheels.fill(folder, [requirements(tmp_path, "kept==1.0", "raised==1.1")], print)
    assert fetched == ["kept==1.0", "raised==1.0", "raised==1.1"]
    assert names(folder) == ["kept-1.0-py3-none-any.whl", "raised-1.1-py3-none-any.whl"]


def test_a_wheel_that_was_deleted_comes_back(tmp_path: Path, fetched: list[str]) -> None:
    folder, file = tmp_path / "wheels", requirements(tmp_path, "one==1.0")
    wheels.fill(folder, [file], print)
    (folder / "one-1.0-py3-none-any.whl").unlink()
    wheels.fill(folder, [file], print)
    assert fetched == ["one==1.0", "one==1.0"]


def test_two_files_may_want_two_versions(tmp_path: Path, fetched: list[str]) -> None:
    first = requirements(tmp_path, "one==1.0")
    (tmp_path / "more").mkdir()
    second = requirements(tmp_path / "more", "one==2.0")
    wheels.fill(tmp_path / "wheels", [first, second], print)
    assert names(tmp_path / "wheels") == ["one-1.0-py3-none-any.whl", "one-2.0-py3-none-any.whl"]


def test_an_index_that_hangs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: Sequence[str], **_options: object) -> None:
        raise subprocess.TimeoutExpired(command, 900)

    monkeypatch.setattr(wheels, "_for_target", lambda file: file.read_text().split())
    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(InstallError, match="pip download was not done after 900 s"):
        wheels.fill(tmp_path / "wheels", [requirements(tmp_path, "one==1.0")], print)
    assert names(tmp_path / "wheels") == []
