"""What a run leaves when there is no room for it."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from harness.exceptions import DiskFullError
from harness.run import writing
from harness.run.folder import RunFolder
from harness.run.session import StackSession
from harness.run.writing import room_wanted, write_run
from tests.unit.measure.builders import DESCRIPTION
from tests.unit.report.builders import inputs, record

pytestmark = pytest.mark.unit


class FullDisk(StackSession):
    """A stack whose files do not fit into the run's folder."""

    def keep_uploads(self, folder: RunFolder) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


class DiskFullOfLogs(StackSession):
    """The report fits, and the logs do not."""

    def keep_logs(self, folder: RunFolder) -> None:
        raise DiskFullError("no room")


class Defect(StackSession):
    def keep_logs(self, folder: RunFolder) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")


def write(session: type[StackSession], path: Path, told: list[str]) -> writing.Written:
    folder = RunFolder.create(path / "run")
    made = session(DESCRIPTION, path / "state")
    return write_run(made, folder, inputs([record(1)]), told.append, engine_answers=False)


def test_without_room_the_summary_is_still_there_to_be_printed(tmp_path: Path) -> None:
    told: list[str] = []
    written = write(FullDisk, tmp_path, told)
    assert not written.whole
    assert written.summary["files"]["delivered"] == 1
    assert told == [f"no room to write the report to {tmp_path / 'run'}: it is only printed"]


def test_logs_that_do_not_fit_cost_no_report(tmp_path: Path) -> None:
    told: list[str] = []
    written = write(DiskFullOfLogs, tmp_path, told)
    assert written.whole
    assert (tmp_path / "run" / "summary.json").exists()
    assert told == [f"no room to write all logs to {tmp_path / 'run'}"]


def test_other_errors_are_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(PermissionError):
        write(Defect, tmp_path, [])
    with pytest.raises(PermissionError), room_wanted(print, "x"):
        raise PermissionError(errno.EACCES, "Permission denied")
