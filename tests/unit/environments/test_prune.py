"""Old environments go, used ones stay."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from harness.environments.folders import MARKER, lock_of
from harness.environments.prune import prune
from harness.locks import exclusive

pytestmark = pytest.mark.unit

LONG_AGO = time.time() - 30 * 24 * 3600
HOURS_AGO = time.time() - 5 * 3600


def make(environments: Path, name: str, *, used_at: float, below: str | None = None) -> Path:
    folder = environments / name
    (folder / "bin").mkdir(parents=True)
    marker = folder / MARKER
    marker.write_text(json.dumps({"below": below, "distributions": []}))
    os.utime(marker, (used_at, used_at))
    return folder


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return make(tmp_path, "kept", used_at=LONG_AGO, below="base")


def prune_all(kept: Path) -> list[str]:
    told: list[str] = []
    prune(kept.parent, keep=kept, progress=told.append)
    return told


def test_unused_environment_is_deleted_and_told(tmp_path: Path, kept: Path) -> None:
    old = make(tmp_path, "old", used_at=LONG_AGO)
    assert prune_all(kept) == ["deleting the unused environment old"]
    assert not old.exists()
    assert kept.exists()


def test_recently_used_environment_stays(tmp_path: Path, kept: Path) -> None:
    recent = make(tmp_path, "recent", used_at=time.time())
    assert prune_all(kept) == []
    assert recent.exists()


def test_what_lies_below_a_kept_one_stays(tmp_path: Path, kept: Path) -> None:
    base = make(tmp_path, "base", used_at=LONG_AGO)
    prune_all(kept)
    assert base.exists()


def test_environment_of_a_running_process_stays(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = make(tmp_path, "running", used_at=LONG_AGO)
    monkeypatch.setattr(
        "harness.environments.prune._programs_of_processes", lambda: [f"{running}/bin/python"]
    )
    prune_all(kept)
    assert running.exists()


def test_environment_that_is_being_made_stays(tmp_path: Path, kept: Path) -> None:
    half_made = tmp_path / "half-made"
    half_made.mkdir()
    os.utime(half_made, (LONG_AGO, LONG_AGO))
    with exclusive(lock_of(half_made)):
        prune_all(kept)
        assert half_made.exists()
    prune_all(kept)
    assert not half_made.exists()


def make_plugins(environments: Path, count: int, *, used_at: float) -> list[Path]:
    """Make environments of one kind, the one that was used last first."""
    return [
        make(environments, f"plugin-py3.11-{number:012x}", used_at=used_at - number)
        for number in range(count)
    ]


def test_of_many_of_one_kind_those_that_were_used_last_stay(tmp_path: Path, kept: Path) -> None:
    plugins = make_plugins(tmp_path, 8, used_at=HOURS_AGO)
    other = make(tmp_path, "plugin-py3.13-abc", used_at=HOURS_AGO - 100)
    prune_all(kept)
    assert [folder.exists() for folder in plugins] == [True] * 5 + [False] * 3
    assert other.exists()


def test_those_that_were_used_just_now_stay_however_many(tmp_path: Path, kept: Path) -> None:
    plugins = make_plugins(tmp_path, 8, used_at=time.time())
    assert prune_all(kept) == []
    assert all(folder.exists() for folder in plugins)


def test_a_superseded_one_that_a_process_runs_on_stays(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, last = make_plugins(tmp_path, 8, used_at=HOURS_AGO)
    monkeypatch.setattr("harness.environments.prune._programs_of_processes", lambda: [f"{last}/bin/python"])
    prune_all(kept)
    assert last.exists()


def test_locks_of_what_is_gone_go_unless_they_are_held(tmp_path: Path, kept: Path) -> None:
    gone, held, used = (tmp_path / f"{name}.lock" for name in ("gone", "docker-image-abc", "kept"))
    for lock in (gone, held, used):
        lock.touch()
    with exclusive(held):
        prune_all(kept)
    assert not gone.exists()
    assert held.exists()
    assert used.exists()


def test_an_interrupted_deletion_leaves_nothing_that_counts_as_whole(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = make(tmp_path, "old", used_at=LONG_AGO)

    def interrupted(folder: Path, **_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prune_all(kept)
    assert old.exists()
    assert not (old / MARKER).exists()


def test_one_that_is_asked_for_while_others_are_deleted_stays(tmp_path: Path, kept: Path) -> None:
    first, second = (make(tmp_path, name, used_at=LONG_AGO) for name in ("first", "second"))

    def told(_line: str) -> None:
        """Another process starts with the second one."""
        os.utime(second / MARKER)

    prune(tmp_path, keep=kept, progress=told)
    assert not first.exists()
    assert (second / MARKER).exists()
