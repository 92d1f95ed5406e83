"""Files that are replaced whole."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from harness.files import replace_json

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
