"""What of a stack's folder is saved for the run that used it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.run.folder import RunFolder
from harness.stack import evidence

pytestmark = pytest.mark.unit


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    state = tmp_path / "state"
    state.mkdir()
    for name in (*evidence.LOGS, evidence.UPLOADS):
        (state / name).write_text(f"first of {name}\nsecond\n")
    return state


def test_everything_is_saved_where_the_run_looks_for_it(state_dir: Path, tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    evidence.save(state_dir, folder.path)
    saved = (folder.engine_log, folder.sftp_log, folder.stand_ins_log, folder.uploads)
    assert [path.read_text() for path in saved] == [
        f"first of {name}\nsecond\n" for name in (*evidence.LOGS, evidence.UPLOADS)
    ]


def test_what_is_not_there_is_left_out(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    evidence.save(tmp_path / "nothing", folder.path)
    assert not folder.engine_log.exists()


def test_of_a_long_log_whole_lines_at_its_end_are_kept(state_dir: Path, tmp_path: Path) -> None:
    evidence.save_logs(state_dir, tmp_path, max_bytes=12)
    kept = (tmp_path / "engine.log").read_text()
    assert kept == "(the first 20 bytes of this log were not kept)\nsecond\n"


def test_the_list_of_uploads_is_always_whole(state_dir: Path, tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    (state_dir / evidence.UPLOADS).write_text("x" * 1000)
    evidence.save_uploads(state_dir, folder.path)
    assert len(folder.uploads.read_text()) == 1000
