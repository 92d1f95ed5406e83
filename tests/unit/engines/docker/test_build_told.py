"""What is told of a build that failed."""

from __future__ import annotations

import pytest

from harness.engines.docker.build.told import follow
from harness.exceptions import EnvironmentNotReadyError

pytestmark = pytest.mark.unit


def test_a_build_that_goes_well_says_nothing() -> None:
    follow([{"stream": "Step 1/9 : FROM localstack\n"}, {"aux": {"ID": "sha256:1"}}])


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("\x1b[91mFileExistsError: '/usr/lib/localstack'\n\x1b[0m", "LOCALSTACK_IMAGE names another one"),
        ("\x1b[91mOSError: [Errno 28] No space left on device\n\x1b[0m", "docker system df"),
    ],
)
def test_one_that_fails_is_told_with_its_last_lines_and_a_fix_for_it(line: str, fix: str) -> None:
    with pytest.raises(EnvironmentNotReadyError, match="returned a non-zero code: 1") as caught:
        follow([{"stream": line}, {"error": "The command returned a non-zero code: 1"}])
    assert "Error" in caught.value.message
    assert "\x1b" not in caught.value.message
    assert caught.value.hint is not None
    assert fix in caught.value.hint
