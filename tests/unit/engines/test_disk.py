"""What the operating system says about a state folder, in our words."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from harness.engines import disk
from harness.exceptions import DiskFullError, EnvironmentNotReadyError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_no_room(code: int, tmp_path: Path) -> None:
    with pytest.raises(DiskFullError, match=str(tmp_path)), disk.translated(tmp_path):
        raise OSError(code, "no room")


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOTDIR])
def test_folder_that_cannot_be_used(code: int, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentNotReadyError, match="cannot be used"), disk.translated(tmp_path):
        raise OSError(code, "no")


def test_other_errors_are_left_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError), disk.translated(tmp_path):
        raise ConnectionResetError(errno.ECONNRESET, "reset")
