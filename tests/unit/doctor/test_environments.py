"""Environments that are whole, half-made, damaged, absent, or being made."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.doctor.engines import environments
from harness.doctor.finding import Finding, Status
from harness.doctor.leftovers import environments as superfluous
from harness.doctor.mend import mend
from harness.environments.folders import MARKER, lock_of
from harness.environments.recipes import Layer
from harness.locks import exclusive

pytestmark = pytest.mark.unit


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole environment of one package."""
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    layer = Layer(name="engine", title="Engine")
    monkeypatch.setattr(environments, "layer_for", lambda _: layer)
    folder = environments.folder_of(layer)
    site = folder / "lib" / "python3.11" / "site-packages"
    (site / "six-1.dist-info").mkdir(parents=True)
    (site / "six.py").write_text("A = 1\n")
    record = "six.py,sha256=x,6\nsix-1.dist-info/RECORD,,\n__pycache__/six.cpython-311.pyc,,\n"
    (site / "six-1.dist-info" / "RECORD").write_text(record)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").touch()
    monkeypatch.setattr(environments, "_starts", lambda _: True)
    monkeypatch.setattr(sys.modules["harness.environments.ensure"], "_site_packages", lambda _: site)
    (folder / MARKER).write_text(json.dumps({"below": None, "distributions": ["six-1.dist-info"]}))
    return folder


def look() -> Finding:
    (found,) = environments.look("localstack")
    return found


def test_a_whole_one(folder: Path) -> None:
    assert look().status is Status.OK
    assert environments.damaged("localstack") == []


def test_one_that_is_not_there_is_made_when_it_is_needed(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    found = look()
    assert (found.status, found.mendable) == (Status.NOTE, False)
    assert "floodgate setup" in str(found.fix)


def test_one_that_there_is_no_room_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.rename(folder.with_name("elsewhere"))
    monkeypatch.setattr(environments, "disk_usage", lambda _: SimpleNamespace(free=10 * 1024**2))
    found = look()
    assert found.status is Status.FAILED
    assert "10 MiB free" in found.summary


def test_a_cache_that_may_only_be_read_is_looked_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock_of(folder).touch()
    open_file = Path.open

    def read_only(path: Path, mode: str = "r", **options: Any) -> Any:
        if mode != "r":
            raise OSError(errno.EROFS, "Read-only file system")
        return open_file(path, mode, **options)

    monkeypatch.setattr(Path, "open", read_only)
    assert look().status is Status.OK


def test_superfluous_ones_are_offered_and_deleted(folder: Path) -> None:
    (nothing,) = superfluous.look()
    assert nothing.status is Status.OK
    old = folder.with_name("engine-of-old")
    old.mkdir()
    os.utime(old, (0, 0))
    os.utime(folder / MARKER, (0, 0))
    (found,) = superfluous.look()
    assert (found.status, found.mendable, found.details["folders"]) == (Status.WARNING, True, [str(old)])
    mend([found], print)
    assert not old.exists()
    assert folder.exists(), "it is the one that would be used"


def test_a_half_made_one(folder: Path) -> None:
    (folder / MARKER).unlink()
    found = look()
    assert (found.status, found.mendable) == (Status.WARNING, True)
    assert environments.damaged("localstack") == [folder]


def test_one_that_another_process_is_making_is_left_alone(folder: Path) -> None:
    (folder / MARKER).unlink()
    with exclusive(lock_of(folder)):
        found = look()
        assert (found.status, found.mendable) == (Status.NOTE, False)
        assert environments.damaged("localstack") == []


@pytest.mark.parametrize("deed", ["deleted", "emptied"])
def test_files_of_packages_that_have_gone(folder: Path, deed: str) -> None:
    (module,) = folder.rglob("six.py")
    module.unlink()
    if deed == "emptied":
        module.touch()
    found = look()
    assert (found.status, found.mendable, found.details["missing"]) == (Status.WARNING, True, 1)
    assert "six.py" in found.summary
    environments.spoil(folder)
    assert environments.damaged("localstack") == [folder]


def test_a_list_of_files_that_cannot_be_read(folder: Path) -> None:
    (record,) = folder.rglob("RECORD")
    record.write_bytes(b"six.py,\xff")
    found = look()
    assert (found.status, found.mendable, found.details["missing"]) == (Status.WARNING, True, 1)
    assert environments.damaged("localstack") == [folder]


def test_a_python_that_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "_starts", lambda _: False)
    found = look()
    assert (found.status, found.mendable) == (Status.WARNING, True)
    assert "does not start" in found.summary
    assert environments.damaged("localstack") == [folder]


def test_layers_come_from_the_lowest_up() -> None:
    names = [layer.name for layer in environments.layers("localstack")]
    assert len(names) == 2
    assert names[0].startswith("localstack-4.")
    assert names[1] == "localstack-plugin"


def test_all_kinds_are_known() -> None:
    for kind in environments.KINDS:
        assert environments.layers(kind)
