import errno
import os
from pathlib import Path

import pytest

from harness.exceptions import UsageError
from harness.run.folder import RunFolder, new_run_id

pytestmark = pytest.mark.unit


def test_a_folder_that_exists_is_refused(tmp_path):
    with pytest.raises(UsageError, match="exists already"):
        RunFolder.create(tmp_path)


def test_a_folder_under_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be made"):
        RunFolder.create(tmp_path / "file" / "run")


def test_a_folder_that_this_user_may_not_write_to_names_the_user(tmp_path, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(UsageError, match=f"Permission denied for user {os.geteuid()}") as caught:
        RunFolder.create(tmp_path / "run")
    assert "let this user write there" in (caught.value.hint or "")


def test_the_ledger_has_its_place(tmp_path):
    assert RunFolder.create(tmp_path / "a" / "b").ledger_dir.is_dir()


def test_run_ids_do_not_collide():
    assert len({new_run_id() for _ in range(50)}) > 45
