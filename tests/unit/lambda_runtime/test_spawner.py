"""Starting processes: what cannot be started is an error of that one call, and of no later one."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from floodgate_localstack.lambda_runtime import spawner
from floodgate_localstack.lambda_runtime.spawner import Command, Spawner

pytestmark = [pytest.mark.unit, pytest.mark.timeout(20)]


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_variables_that_no_process_can_have_do_not_end_the_spawner(value: str, tmp_path: Path) -> None:
    started = Spawner()
    command = Command(["/nowhere"], {"NAME": value}, tmp_path, output_fd=1)
    for _ in range(2):  # the second call found nobody at work
        with pytest.raises(OSError, match=r"null|encode") as raised:
            started.spawn(command)
        assert raised.value.errno == errno.EINVAL


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EPERM, errno.EMFILE])
def test_a_system_that_gives_no_descriptor_is_no_error(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    assert spawner._exit_fd(os.getpid()) is None
