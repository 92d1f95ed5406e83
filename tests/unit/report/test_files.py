"""Report files appear whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from harness.exceptions import DiskFullError, ReportError
from harness.report.files import replacing, write_text
from harness.report.parquet import write_files
from harness.report.write import write_reports
from tests.unit.report import builders

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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_disk_that_is_really_full(tmp_path):
    for name in ("summary.json", "files.parquet"):
        (tmp_path / f".{name}.partial").symlink_to("/dev/full")
    with pytest.raises(DiskFullError):
        write_text(tmp_path / "summary.json", "x")
    with pytest.raises(DiskFullError):
        write_files(tmp_path / "files.parquet", builders.random_records(1000))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="Not a directory"):
        write_reports(tmp_path / "file" / "run", builders.inputs([]))


def test_another_reason_is_told_too(tmp_path):
    with pytest.raises(ReportError, match="No such file") as caught:
        write_text(tmp_path / "missing" / "x.txt", "")
    assert caught.value.hint


def test_lone_surrogates_are_written_as_escapes(tmp_path):
    assert write_text(tmp_path / "x.txt", "\ud800").read_bytes() == b"\\ud800"
