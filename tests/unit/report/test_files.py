"""Report files appear whole or not at all."""

from __future__ import annotations

import errno

import pytest

from harness.exceptions import DiskFullError, ReportError
from harness.report.files import replacing, write_text

pytestmark = pytest.mark.unit


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = write_text(tmp_path / "x.txt", "old")
    with pytest.raises(UnicodeEncodeError), replacing(path) as partial:
        partial.write_text("half\ud800", encoding="utf-8")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_as_one(tmp_path):
    with pytest.raises(DiskFullError, match=r"x\.txt"), replacing(tmp_path / "x.txt"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_another_reason_is_told_too(tmp_path):
    with pytest.raises(ReportError, match="No such file") as caught:
        write_text(tmp_path / "missing" / "x.txt", "")
    assert caught.value.hint


def test_lone_surrogates_are_written_as_escapes(tmp_path):
    assert write_text(tmp_path / "x.txt", "\ud800").read_bytes() == b"\\ud800"
