"""What a load cannot tell is known before it begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.exceptions import UsageError
from harness.load.profiles.model import Trace
from harness.load.traces.survey import Survey
from harness.load.workload import Workload
from harness.measure.thresholds import parse_thresholds
from harness.run.evaluable import too_short
from harness.run.options import RunOptions
from harness.run.request import requested

pytestmark = pytest.mark.unit


def workload(**changes: Any) -> Workload:
    return Workload.model_validate({"description": "x", "rate_per_s": 5.0, "minutes": 2.0, **changes})


def told(asked: Workload, *thresholds: str, trace: Survey | None = None) -> list[str]:
    return list(too_short(asked, parse_thresholds(thresholds), trace))


def test_a_soak_that_is_too_short_says_how_long_it_must_be() -> None:
    with pytest.raises(UsageError, match="needs a load of 60 s and 250 files or more, and this one has 30 s"):
        requested(RunOptions("soak", minutes=0.5))
    with pytest.raises(UsageError, match="and about 60 files"):
        requested(RunOptions("soak", minutes=1, rate=1))
    assert requested(RunOptions("soak", minutes=1)).notices == ()


def test_a_ramp_whose_steps_are_too_short_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"a step needs 10 s and 20 files, and this load has steps of 1\.2 s"
    ):
        requested(RunOptions("ramp-to-knee", minutes=0.2))
    assert requested(RunOptions("ramp-to-knee", minutes=2)).notices == ()


@pytest.mark.parametrize("text", ["knee.sustained > 1/s", "drift.rising == 0", "drift.latency.p99 < 1s/h"])
def test_a_threshold_needs_its_evaluation(text: str) -> None:
    with pytest.raises(UsageError, match="needs an evaluation that the workload does not ask for"):
        told(workload(), text)


def test_without_a_threshold_it_is_a_notice() -> None:
    knee, drift = told(workload(minutes=None, files=40, evaluations=["drift", "knee"]))
    assert knee == (
        "knee will not be known: a step needs 10 s and 20 files,"
        " and this load has steps of 8 s and at most 40 files"
    )
    assert drift.startswith("drift will not be known: drift needs a load of 60 s")


def test_a_trace_has_a_length_and_no_steps(tmp_path: Path) -> None:
    profile = Trace(kind="trace", path=str(tmp_path / "day.csv"), speed=10.0)
    asked = workload(profile=profile.model_dump(), minutes=None, evaluations=["knee", "drift"])
    long = Survey(profile, rows=1000, first_s=0.0, last_s=1000.0)
    (knee,) = told(asked, trace=long)
    assert "a trace has no steps" in knee
    short = Survey(profile, rows=1000, first_s=0.0, last_s=100.0)
    assert any("this one has 10 s" in notice for notice in told(asked, trace=short))


def test_two_thresholds_that_contradict_name_their_file() -> None:
    with pytest.raises(UsageError, match=r"smoke\.py, thresholds .*no run can meet both"):
        requested(RunOptions("smoke", threshold_texts=["lag.p99 < 1s", "lag.p99 > 2s"]))
