import math

import pytest

from harness.exceptions import UsageError
from harness.run.options import RunOptions

pytestmark = pytest.mark.unit


def test_defaults_are_valid():
    RunOptions("million-a-day").validate()


@pytest.mark.parametrize("option", ["minutes", "files", "rate"])
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
def test_numbers_that_are_not_positive_are_refused(option, value):
    with pytest.raises(UsageError, match=f"--{option} must be a positive number"):
        RunOptions("smoke", **{option: value}).validate()


def test_every_problem_is_named_at_once(tmp_path):
    options = RunOptions("smoke", minutes=-1, rate=0, settle_s=-5, seed=-1, out=tmp_path)
    with pytest.raises(UsageError) as caught:
        options.validate()
    for word in ("--minutes", "--rate", "--settle-s", "--seed", "--out"):
        assert word in str(caught.value)


def test_minutes_and_files_exclude_each_other():
    with pytest.raises(UsageError, match="exclude each other"):
        RunOptions("smoke", minutes=1, files=5).validate()


def test_problems_of_the_pipeline_are_told_with_the_others():
    options = RunOptions("smoke", rate=0, route="direct", fifo=True)
    with pytest.raises(UsageError) as caught:
        options.validate()
    assert "--rate" in str(caught.value)
    assert "--fifo needs a queue" in str(caught.value)
