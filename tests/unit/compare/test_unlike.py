"""Which differences are refused, and which are told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.compare.comparison import compare
from harness.compare.runs import Run
from harness.compare.unlike import differences
from harness.exceptions import UsageError
from harness.report.inputs import EngineFacts
from tests.unit.compare.runs import run
from tests.unit.report import builders

pytestmark = pytest.mark.unit


def changed(run: Run, **changes: Any) -> Run:
    """Return the run with other values in its summary; `a__b` is a field in a field."""
    summary: dict[str, Any] = {
        name: dict(value) if isinstance(value, dict) else value for name, value in run.summary.items()
    }
    for path, value in changes.items():
        *way, last = path.split("__")
        place = summary
        for name in way:
            place[name] = dict(place[name])
            place = place[name]
        place[last] = value
    return replace(run, summary={**summary, "run_id": "other"})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scenario": "burst"}, "scenario: million-a-day and burst"),
        ({"route": "nested"}, "route: queued and nested"),
        ({"engine__name": "ministack"}, "engine: localstack:host and ministack:host"),
        ({"engine__mode": "docker"}, "engine: localstack:host and localstack:docker"),
        ({"provenance__machine__cores": 64}, "cores: 4 and 64"),
        ({"provenance__machine__memory_gib": 64.0}, "memory of the machine"),
        ({"rate__offered_per_s": 40.0}, "files offered per second"),
        ({"options": {"fifo": True}}, "FIFO"),
        ({"verdict": "inconclusive"}, "verdict of other: inconclusive"),
        ({"verdict": "interrupted"}, "verdict of other: interrupted"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_unlike_runs_are_refused_unless_forced(like, changes, said):
    other = changed(like[1], **changes)
    with pytest.raises(UsageError) as refused:
        compare([like[0]], [other], tolerance=0.15)
    assert said in refused.value.message
    assert "--force" in (refused.value.hint or "")
    forced = compare([like[0]], [other], tolerance=0.15, force=True)
    assert [each for each in forced.differences if each.refused]


def test_all_differences_are_told_at_once(like):
    other = changed(like[1], scenario="burst", route="ecs", provenance__machine__cores=1)
    with pytest.raises(UsageError, match=r"scenario.*route.*cores"):
        compare([like[0]], [other], tolerance=0.15)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"engine__version": "4.14.0"}, "version of the engine"),
        ({"provenance__template_sha256": "00" * 32}, "template"),
        ({"provenance__handlers_sha256": "00" * 32}, "handlers"),
        ({"provenance__git_commit": "abc-dirty"}, "commit"),
        ({"provenance__machine__python": "3.13.1"}, "Python"),
        ({"seed": 2}, "seed"),
        ({"files__offered": 5000}, "files offered"),
        ({"faults": [{"rule": "lambda.worker:delay=200ms", "matched": 5, "hits": 5}]}, "faults"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_what_a_comparison_may_be_for_is_told(like, changes, what):
    found = differences([like[0]], [changed(like[1], **changes)])
    assert [(each.what, each.refused) for each in found] == [(what, False)]


def test_like_runs_differ_in_nothing(like):
    assert differences(like[:3], like[3:]) == []


def test_other_seeds_draw_other_rates_and_are_alike(tmp_path):
    few = [run(tmp_path / name, 1, amount=20) for name in ("a", "b")]
    rate = few[0].summary["rate"]["offered_per_s"]
    other = changed(few[1], rate__offered_per_s=rate * 1.3, seed=2)
    assert not any(each.refused for each in differences(few[:1], [other]))


def test_other_workloads_are_unlike_but_not_for_their_thresholds(like):
    base = changed(like[0], workload={"customers": 20, "thresholds": []})
    stricter = changed(like[1], workload={"customers": 20, "thresholds": ["lag.p99 < 1s"]})
    more = changed(like[1], workload={"customers": 400, "thresholds": []})
    assert differences([base], [stricter]) == []
    assert [str(each) for each in differences([base], [more])] == ["workload: customers: 20 and 400"]


def test_a_run_cannot_agree_with_itself(like):
    with pytest.raises(UsageError, match="named more than once: like-0"):
        compare([like[0]], [like[1], like[0]], tolerance=0.15)


def test_engines_of_older_summaries_are_compared_by_what_they_say(tmp_path):
    engine = EngineFacts("localstack", "host", "4.9.2")
    runs = [run(tmp_path / name, 1, amount=20, engine=engine) for name in ("a", "b")]
    without = {name: value for name, value in runs[1].summary.items() if name not in ("options", "faults")}
    assert differences(runs[:1], [replace(runs[1], summary=without)]) == []
    assert builders.facts().engine.name == "localstack"


def test_other_load_on_the_machine_is_told(like):
    def busy(cores: float) -> dict[str, Any]:
        return {"samples": {"machine.others": {"unit": "cores", "count": 5, "mean": cores}}}

    quiet, loaded = changed(like[0], **busy(0.1)), changed(like[1], **busy(2.5))
    told = [str(each) for each in differences([quiet], [loaded])]
    assert "cores busy with other programs: 0.1 and 2.5" in told
    assert not [each for each in differences([quiet], [changed(like[1], **busy(0.3))]) if "busy" in each.what]


def test_of_another_scenario_the_workload_is_not_told_bit_by_bit(like):
    def of(sizes: int) -> dict[str, Any]:
        return {"workload": {"customers": sizes}}

    base, new = changed(like[0], **of(4)), changed(like[1], scenario="burst", **of(20))
    assert [each.what for each in differences([base], [new]) if each.refused] == ["scenario"]
