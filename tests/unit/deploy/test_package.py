"""The Lambda package: which files, and the same bytes each time."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from harness.deploy import package, pipeline_files
from harness.environments import uv
from harness.exceptions import DeployError, DiskFullError, UsageError

pytestmark = pytest.mark.unit


def test_times_and_modes_of_files_do_not_change_the_bytes(tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("x = 1\n")
    package.write_zip(tmp_path / "first.zip", [("pipeline/a.py", source)])
    os.utime(source, (0, 0))
    source.chmod(0o777)
    package.write_zip(tmp_path / "second.zip", [("pipeline/a.py", source)])
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()


def test_files_can_be_read_by_the_function(tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("x = 1\n")
    package.write_zip(tmp_path / "made.zip", [("pipeline/a.py", source)])
    (entry,) = zipfile.ZipFile(tmp_path / "made.zip").infolist()
    assert entry.external_attr >> 16 & 0o777 == 0o644


def test_sources_are_the_handlers_and_nothing_compiled() -> None:
    names = [name for name, _ in pipeline_files.sources()]
    assert "pipeline/handlers/worker.py" in names
    assert "pipeline/__init__.py" in names
    assert names == sorted(names)
    assert all(name.endswith(".py") for name in names)


def test_a_full_disk_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "packages").write_text("a file where the cache folder should be")
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    with pytest.raises(DiskFullError, match="packages"):
        package.build(lambda line: None)


@pytest.fixture
def vendored(tmp_path: Path) -> Path:
    """A folder as uv leaves it."""
    for name in (
        "lib/__init__.py",
        "lib/__init__.pyi",
        "lib/__pycache__/__init__.pyc",
        "lib-1.0.dist-info/METADATA",
        "lib-1.0.dist-info/RECORD",
        "lib-1.0.dist-info/direct_url.json",
        "bin/tool",
        ".lock",
    ):
        path = tmp_path / "vendored" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "vendored"


def test_only_code_and_versions_of_dependencies_go_in(vendored: Path) -> None:
    names = [name for name, _ in package._vendored_files(vendored, pure=True)]
    assert names == ["lib/__init__.py", "lib-1.0.dist-info/METADATA"]


def test_machine_code_is_refused(vendored: Path) -> None:
    (vendored / "lib" / "fast.so").touch()
    with pytest.raises(DeployError, match=r"fast\.so"):
        list(package._vendored_files(vendored, pure=True))
    assert ("lib/fast.so", vendored / "lib" / "fast.so") in package._vendored_files(vendored, pure=False)


def test_the_users_package_index_is_asked_for_dependencies_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mirrors may be named in uv.toml alone, and the engine's environments come from there already."""
    calls: list[list[str]] = []
    monkeypatch.setattr(uv, "run", lambda arguments, **_: calls.append(arguments))
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    package.build(print)
    (arguments,) = calls
    assert "--no-config" not in arguments
    assert "--only-binary" in arguments


def test_an_unknown_profile_names_those_that_exist() -> None:
    with pytest.raises(UsageError) as caught:
        pipeline_files.profile("moon")
    assert caught.value.hint == "profiles: aws, local"
