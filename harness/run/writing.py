"""Writing what a run leaves behind: the most precious first, and the verdict is not lost to a full disk."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.engines.base import Progress
from harness.exceptions import DiskFullError
from harness.report.inputs import ReportInputs
from harness.report.summary import build_summary
from harness.report.write import write_reports
from harness.run.folder import RunFolder
from harness.run.session import StackSession

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True)
class Written:
    """What was written. Without room the summary is only in memory, and there is no report."""

    summary: dict[str, Any]
    whole: bool = True


def write_run(
    session: StackSession,
    folder: RunFolder,
    inputs: ReportInputs,
    progress: Progress,
    *,
    engine_answers: bool = True,
) -> Written:
    """Save the list of uploads, write the report, and save the logs.

    :raises ReportError: the report would not have been true, or cannot be written for another reason
    """
    try:
        session.keep_uploads(folder)
        summary = write_reports(folder.path, inputs)
    except (DiskFullError, OSError) as error:
        if not _is_full(error):
            raise
        progress(f"no room to write the report to {folder.path}: it is only printed")
        return Written(build_summary(inputs), whole=False)
    with room_wanted(progress, f"all logs to {folder.path}"):
        session.keep_logs(folder)
        if engine_answers:
            session.keep_handler_logs(folder, inputs.settlement, progress)
    return Written(summary)


@contextlib.contextmanager
def room_wanted(progress: Progress, what: str) -> Iterator[None]:
    """Go on without `what` when there is no room for it; other errors pass."""
    try:
        yield
    except (DiskFullError, OSError) as error:
        if not _is_full(error):
            raise
        progress(f"no room to write {what}")


def _is_full(error: DiskFullError | OSError) -> bool:
    return isinstance(error, DiskFullError) or error.errno in _NO_ROOM
