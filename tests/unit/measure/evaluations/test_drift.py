"""Whether memory and latency creep up."""

from __future__ import annotations

import random
from typing import Any

import pytest

from harness.measure.evaluations.drift import find_drift
from harness.measure.records import FileRecord, Outcome
from harness.measure.resources import ResourceSample, ResourceUse
from tests.unit.measure.builders import T0, record

pytestmark = pytest.mark.unit

MINUTES = 60
SPAN_S = MINUTES * 60


def files(growth_s_per_h: float = 0.0, per_s: float = 1.0) -> list[FileRecord]:
    generator = random.Random(5)
    made = []
    for number in range(int(SPAN_S * per_s)):
        at_s = number / per_s
        taken_s = 0.2 * generator.lognormvariate(0, 0.4) + growth_s_per_h * at_s / 3600
        made.append(record(intended_at=T0 + at_s, handler_ended_at=T0 + at_s + taken_s))
    return made


def memory(mib_per_h: float, noise_mib: float = 6.0) -> ResourceUse:
    generator = random.Random(6)
    samples = [
        ResourceSample(T0 + second, 50.0, 400 + mib_per_h * second / 3600 + generator.gauss(0, noise_mib))
        for second in range(SPAN_S)
    ]
    return ResourceUse(100.0, 500.0, samples)


def figures(*args: Any) -> dict[str, dict[str, Any]]:
    found = find_drift(*args)
    assert found is not None
    return {figure["name"]: figure for figure in found["figures"]}


def test_a_leak_is_found_in_the_noise_and_its_rate_told() -> None:
    found = figures(files(), {"engine": memory(50.0), "sftp": memory(0.0)})
    assert found["memory.engine"]["verdict"] == "rising"
    assert found["memory.engine"]["slope_per_h"] == pytest.approx(50, abs=5)
    assert found["memory.engine"]["low_per_h"] < found["memory.engine"]["slope_per_h"]
    assert found["memory.sftp"]["verdict"] == "steady"


def test_tools_are_shown_and_not_counted() -> None:
    found = figures(
        files(), {role: memory(50.0) for role in ("engine", "harness", "load", "sftp", "functions")}
    )
    assert {each["verdict"] for name, each in found.items() if name.startswith("memory.")} == {"rising"}
    assert {name for name, each in found.items() if not each["counted"]} == {
        "memory.engine",
        "memory.harness",
        "memory.load",
    }


def test_a_growth_that_is_certain_but_does_not_matter_is_steady() -> None:
    found = figures(files(), {"engine": memory(3.0, noise_mib=0.01)})["memory.engine"]
    assert (found["verdict"], found["low_per_h"] > 0) == ("steady", True)


def test_memory_that_is_given_back_is_falling() -> None:
    assert figures(files(), {"engine": memory(-50.0)})["memory.engine"]["verdict"] == "falling"


def test_latency_that_creeps_up_is_found() -> None:
    found = figures(files(growth_s_per_h=0.2), {})
    assert {name: each["verdict"] for name, each in found.items()} == {
        "latency.p50": "rising",
        "latency.p99": "rising",
    }
    steady = figures(files(), {})
    assert {each["verdict"] for each in steady.values()} == {"steady"}


def test_the_warm_up_does_not_count() -> None:
    use = memory(0.0)
    use.samples[:] = [
        ResourceSample(each.at, each.cpu_percent, each.rss_mib - 300 * (each.at < T0 + SPAN_S / 10))
        for each in use.samples
    ]
    assert figures(files(), {"engine": use})["memory.engine"]["verdict"] == "steady"


def test_what_comes_after_the_load_does_not_count() -> None:
    use = memory(0.0)
    use.samples += [ResourceSample(T0 + SPAN_S + second, 50.0, 4000.0) for second in range(600)]
    assert figures(files(), {"harness": use})["memory.harness"]["verdict"] == "steady"


def test_a_short_run_cannot_say() -> None:
    short = [each for each in files() if each.intended_at < T0 + 30]
    found = figures(short, {"engine": memory(50.0)})
    assert {each["verdict"] for each in found.values()} == {"unknown"}
    assert found["memory.engine"]["slope_per_h"] is None


def test_without_files_there_is_nothing_to_say() -> None:
    assert find_drift([], {}) is None
    one = record(intended_at=T0, outcome=Outcome.LOST)
    assert figures([one], {})["latency.p50"]["verdict"] == "unknown"


def test_few_files_make_wide_windows() -> None:
    found = figures(files(growth_s_per_h=1.0, per_s=0.08), {})  # 8 in a hundred seconds, 288 in the hour
    assert found["latency.p50"]["verdict"] == "rising"
    assert found["latency.p50"]["count"] >= 8
