"""Building the Lambda package for real."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from harness.deploy import package

pytestmark = pytest.mark.integration


def test_two_machines_build_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = []
    for home in ("one", "two"):
        monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path / home))
        built.append(package.build(lambda line: None))
    assert built[0].path != built[1].path
    assert built[0].path.read_bytes() == built[1].path.read_bytes()


def test_a_package_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    lines: list[str] = []
    first = package.build(lines.append)
    made = first.path.stat().st_mtime_ns
    lines.clear()
    assert package.build(lines.append) == first
    assert (lines, first.path.stat().st_mtime_ns) == ([], made)


def test_the_package_is_small_and_imports_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    built = package.build(lambda line: None)
    assert built.path.stat().st_size < 2_000_000
    assert not [name for name in zipfile.ZipFile(built.path).namelist() if name.startswith("harness")]
    code = (
        f"import sys; sys.path = [{str(built.path)!r}] + [p for p in sys.path if 'site-packages' not in p]\n"
        "from aws_lambda_powertools import Logger\n"
        "import pipeline.common.events as module\n"
        "print(module.__file__)"
    )
    shown = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert str(built.path) in shown.stdout


def test_an_interrupted_build_leaves_nothing_that_is_taken_for_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    monkeypatch.setattr(package, "write_zip", interrupted)
    with pytest.raises(KeyboardInterrupt):
        package.build(lambda line: None)
    assert not [path for path in (tmp_path / "packages").rglob("*") if path.suffix != ".lock"]
