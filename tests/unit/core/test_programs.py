"""How a process of the harness tells its error."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import programs
from harness.exceptions import PortInUseError
from harness.exit_codes import ExitCode

pytestmark = pytest.mark.unit


def test_an_error_is_told_with_its_fix_as_the_command_line_tells_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def work(_path: Path) -> None:
        raise PortInUseError("port 8089 is taken", hint="choose another --web-port")

    assert programs.run("python -m harness.service FILE", ["x.json"], work) == ExitCode.NOT_READY
    assert capsys.readouterr().err == "error: port 8089 is taken\n  fix: choose another --web-port\n"
