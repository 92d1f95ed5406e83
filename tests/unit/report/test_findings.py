"""What a run found out, in one line each."""

from __future__ import annotations

from typing import Any

import pytest

from harness.report import findings
from harness.report.page import RunData, context
from harness.report.sections import failures
from harness.report.summary import build_summary
from tests.unit.report import builders

pytestmark = pytest.mark.unit


def knee(sustained: float | None, failed: float | None) -> str:
    return findings.knee({"sustained_per_s": sustained, "first_failed_per_s": failed})


def test_the_knee_lies_between_two_rates():
    assert knee(20.0, 40.0) == "20.0 files/s sustained, 40.0 files/s not"


def test_a_limit_that_was_not_reached_is_not_called_one():
    assert knee(40.0, None) == "40.0 files/s sustained, the highest that was tried: the limit is higher"


def test_without_a_sustained_rate_none_is_claimed():
    assert knee(None, 20.0) == "no rate was sustained, not even 20.0 files/s"
    assert knee(None, None) == "no rate was sustained; no step could be judged"


def figure(name: str, verdict: str, slope: float | None) -> dict[str, Any]:
    return {"name": name, "unit": "MiB", "verdict": verdict, "slope_per_h": slope}


def test_drift_names_what_moved_and_counts_what_did_not():
    figures = [figure("memory.engine", "rising", 12.5), figure("memory.sftp", "falling", -0.5)]
    figures += [figure("memory.load", "steady", 0.1), figure("latency.p50", "unknown", None)]
    told = findings.drift({"figures": figures})
    assert told == (
        "memory.engine rising by +12.5 MiB per hour; memory.sftp falling by -0.50 MiB per hour;"
        " 1 steady; unknown: latency.p50"
    )


def test_summaries_of_earlier_versions_have_no_findings():
    assert findings.lines({}) == []
    assert findings.lines({"knee": None, "drift": None, "sampling": None}) == []


def test_the_cost_of_sampling_is_told():
    told = findings.sampling({"cpu_s": 1.2, "looks": 60, "machine_share": 0.0025})
    assert told == "60 looks took 1.20 s of CPU, 0.25 % of the machine"


def test_a_page_does_not_grow_with_the_number_of_causes():
    summary = build_summary(builders.failed_inputs())
    summary["failures"] = [{**summary["failures"][0], "cause": f"Cause{n}"} for n in range(500)]
    assert len(failures.rows(summary)) == failures.CAUSES_SHOWN
    assert failures.left_out(summary) == 500 - failures.CAUSES_SHOWN


def test_charts_over_time_share_one_axis():
    inputs = builders.inputs(list(builders.random_records(300)))
    data = RunData(
        build_summary(inputs),
        inputs.settlement.timeline,
        {name: use.samples for name, use in inputs.resources.items()},
        samples=inputs.samples.series,
    )
    spans = {chart.span_s for chart in context(data)["charts"].values()}
    assert len(spans) == 1
