import math

import pytest

from harness.exceptions import UsageError
from harness.run.options import RunOptions
from harness.stack.sftp_options import SftpOptions

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


def test_the_sftp_side_has_defaults_as_aws_and_checks_what_is_given() -> None:
    assert RunOptions("smoke").sftp == SftpOptions(partial_upload="keep", workers=1)
    assert RunOptions("smoke", partial_upload="discard", sftp_workers=3).sftp == SftpOptions("discard", 3)
    with pytest.raises(
        UsageError, match=r"--partial-upload is keep or discard, not burn.*--sftp-workers is 1"
    ):
        RunOptions("smoke", partial_upload="burn", sftp_workers=0).validate()
