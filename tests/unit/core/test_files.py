"""Files that are replaced whole, and the ends of logs."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from harness.files import log_tail, replace_json

pytestmark = pytest.mark.unit


def test_content_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    replace_json(path, {"a": 1})
    replace_json(path, {"b": 2})
    assert json.loads(path.read_text()) == {"b": 2}
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    replace_json(path, {"a": 1})

    def write_a_part(half: Path, text: str) -> None:
        half.write_bytes(text[:3].encode())
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", write_a_part)
    with pytest.raises(OSError, match="No space"):
        replace_json(path, {"b": 2})
    assert json.loads(path.read_text()) == {"a": 1}


def test_the_end_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    assert "no log" in log_tail(log)
    log.touch()
    assert log_tail(log) == "(the log is empty)"
    log.write_bytes(b"one\ntwo\nthr\xffee\n")
    assert log_tail(log, lines=2) == "two\nthr\ufffdee"
