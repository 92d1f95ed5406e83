"""The order in which exit codes win is a public contract."""

import pytest

from harness.exit_codes import ExitCode, worst

pytestmark = pytest.mark.unit

CONTRACT = [130, 1, 2, 3, 6, 5, 7, 4, 0]


def test_every_code_has_a_place_in_the_order():
    assert sorted(CONTRACT) == sorted(int(code) for code in ExitCode)


@pytest.mark.parametrize("index", range(len(CONTRACT) - 1))
def test_the_more_severe_code_wins(index):
    severe, lesser = ExitCode(CONTRACT[index]), ExitCode(CONTRACT[index + 1])
    assert worst([lesser, severe]) is severe
    assert worst([severe, lesser]) is severe


def test_nothing_wrong_is_passed():
    assert worst([]) is ExitCode.PASSED
