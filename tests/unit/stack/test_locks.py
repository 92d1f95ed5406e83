"""Locks on files that may be deleted by their holder."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from harness.locks import exclusive, exclusive_if_free

pytestmark = pytest.mark.unit


def test_a_held_lock_is_not_free(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.lock"
    with exclusive(path), exclusive_if_free(path) as held:
        assert not held
    with exclusive_if_free(path) as held:
        assert held


def test_who_waits_is_told_once_and_gets_it_although_the_holder_deletes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    waiting, got_it = threading.Event(), threading.Event()
    told: list[str] = []

    def on_wait() -> None:
        told.append("waiting")
        waiting.set()

    def wait() -> None:
        with exclusive(path, on_wait=on_wait), exclusive_if_free(path) as twice:
            assert not twice
            got_it.set()

    thread = threading.Thread(target=wait)
    with exclusive(path):
        thread.start()
        assert waiting.wait(10)
        assert not got_it.is_set()
        path.unlink()
    assert got_it.wait(10)
    thread.join(10)
    assert told == ["waiting"]
    assert path.exists()
