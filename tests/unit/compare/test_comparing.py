"""Two like runs are no regression, a slower one is; what is judged, and how repeats help."""

from __future__ import annotations

import itertools

import pytest

from harness.compare.changes import Change, Finding
from harness.compare.comparison import Comparison, as_data, compare
from harness.exceptions import UsageError
from harness.exit_codes import ExitCode
from harness.measure.records import Outcome
from harness.report.parquet import PARQUET_NAME
from tests.unit.compare.runs import noisy, run, written
from tests.unit.report import builders

pytestmark = pytest.mark.unit

TOLERANCE = 0.15


def change(comparison: Comparison, name: str) -> Change:
    return next(each for each in comparison.changes if each.figure.name == name)


def test_noise_is_no_regression(like):
    for base, new in itertools.permutations(like[:3], 2):
        assert compare([base], [new], tolerance=TOLERANCE).exit_code == ExitCode.PASSED


def test_a_slower_handler_is_found_by_one_run_on_each_side(like, slower):
    found = compare([like[0]], [slower[0]], tolerance=TOLERANCE)
    assert found.exit_code == ExitCode.THRESHOLD
    assert {"end_to_end.p50", "end_to_end.p95", "end_to_end.p99"} <= set(found.regressions)
    assert change(found, "transfer.p50").finding is Finding.WORSE
    assert change(found, "queue_wait.p50").finding is not Finding.WORSE


def test_the_other_way_round_it_is_better(like, slower):
    found = compare([slower[0]], [like[0]], tolerance=TOLERANCE)
    assert found.regressions == []
    assert change(found, "end_to_end.p50").finding is Finding.BETTER


def test_what_the_tolerance_allows_is_no_regression(like, slower):
    assert compare([like[0]], [slower[0]], tolerance=9.0).regressions == []


def test_repeats_are_compared_as_runs(like, slower):
    assert compare(like[:3], like[3:6], tolerance=0.0).regressions == []
    found = compare(like[:3], slower, tolerance=TOLERANCE)
    assert "end_to_end.p50" in found.regressions
    assert (change(found, "end_to_end.p50").low or 0) > 1


def test_a_percentile_of_few_files_is_not_judged(tmp_path):
    base, new = run(tmp_path / "a", 1, amount=100), run(tmp_path / "b", 2, amount=100, delay_s=0.2)
    found = compare([base], [new], tolerance=TOLERANCE)
    assert found.regressions == ["end_to_end.p50"]
    assert change(found, "end_to_end.p95").finding is Finding.NOT_MEASURED


def test_a_change_of_a_few_milliseconds_is_none_whatever_the_factor(like):
    found = change(compare([like[0]], [like[1]], tolerance=0.0), "lag.p50")
    assert found.finding is Finding.SAME


def test_a_figure_can_be_made_to_count(like, slower):
    assert (
        "transfer.p95" in compare([like[0]], [slower[0]], tolerance=0.15, also=["transfer.p95"]).regressions
    )
    with pytest.raises(UsageError, match=r"no such figure: transfer\.p42"):
        compare([like[0]], [slower[0]], tolerance=0.15, also=["transfer.p42"])


def test_one_short_run_on_each_side_tells_nothing_and_repeats_do(tmp_path):
    """The machine may have been slow for all of it."""
    short = [run(tmp_path / f"a{seed}", seed, amount=100, duration_s=9.0) for seed in range(3)]
    slow = [
        run(tmp_path / f"b{seed}", seed, amount=100, delay_s=0.5, duration_s=9.0) for seed in range(10, 13)
    ]
    assert change(compare(short[:1], slow[:1], tolerance=0.15), "end_to_end.p50").finding is Finding.UNSURE
    assert compare(short, slow, tolerance=0.15).regressions == ["end_to_end.p50"]


def test_without_the_files_the_tolerance_alone_decides(tmp_path):
    base, new = run(tmp_path / "a", 1), run(tmp_path / "b", 2, delay_s=0.2)
    for each in (base, new):
        (each.folder / PARQUET_NAME).unlink()
    found = compare([base], [new], tolerance=TOLERANCE)
    assert not found.has_noise
    assert "end_to_end.p50" in found.regressions
    assert change(found, "end_to_end.p50").low is None


def test_fewer_files_per_second_are_a_regression(tmp_path):
    """The second run drains its files at half the rate at which they came."""
    stalled = list(noisy(300, 2))
    for sequence, each in enumerate(stalled):
        each.handler_ended_at = max(each.handler_ended_at or 0, builders.START + sequence / 5.8)
    found = compare(
        [run(tmp_path / "a", 1, amount=300)], [written(tmp_path / "b", stalled)], tolerance=TOLERANCE
    )
    assert "rate.delivered" in found.regressions


def test_one_lost_file_is_a_regression_and_one_failed_is_chance(tmp_path):
    base = run(tmp_path / "a", 1, amount=200)
    for outcome, expected in ((Outcome.LOST, ["lost"]), (Outcome.FAILED, [])):
        records = list(noisy(200, 2))
        records[7] = builders.record(7, outcome)
        new = written(tmp_path / outcome, records)
        assert compare([base], [new], tolerance=TOLERANCE).regressions == expected


def test_more_failures_than_by_chance_are_a_regression(tmp_path):
    records = [*noisy(190, 2), *(builders.record(n, Outcome.FAILED) for n in range(190, 200))]
    found = compare(
        [run(tmp_path / "a", 1, amount=200)], [written(tmp_path / "b", records)], tolerance=TOLERANCE
    )
    assert "failed" in found.regressions


def test_a_run_without_files_can_be_compared(tmp_path):
    empty = [written(tmp_path / name, []) for name in ("a", "b")]
    found = compare(empty[:1], empty[1:], tolerance=TOLERANCE)
    assert found.exit_code == ExitCode.PASSED


def test_the_same_comparison_gives_the_same_data(like):
    first, second = (as_data(compare([like[0]], [like[1]], tolerance=TOLERANCE)) for _ in range(2))
    assert first == second
    assert first["schema_version"] == 1
    assert {each["finding"] for each in first["changes"]} <= {str(each) for each in Finding}
