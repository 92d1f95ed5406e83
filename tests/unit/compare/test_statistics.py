"""The statistics against cases that are known otherwise: tables, exact samples, runs made of noise."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from harness.compare.statistics.blocks import MOST_BLOCKS, class_of, lowest_ms
from harness.compare.statistics.levels import log_ratio_of_means
from harness.compare.statistics.repeats import difference
from harness.compare.statistics.resampling import Interval, log_ratio_interval, percentile_ms
from harness.compare.statistics.shares import chance_of_more

pytestmark = pytest.mark.unit


def test_classes_keep_the_order_and_are_at_most_a_128th_wide():
    values = np.concatenate([np.arange(70_000), 2 ** np.arange(17, 50), 2 ** np.arange(17, 50) - 1])
    values.sort()
    classes = class_of(values)
    assert (np.diff(classes) >= 0).all()
    lowest_us = lowest_ms(classes)[1:] * 1000
    assert (lowest_us <= values[1:]).all()
    assert ((values[1:] - lowest_us) * 128 <= values[1:]).all()


def test_durations_below_zero_are_in_the_class_of_zero():
    assert class_of(np.array([-5, 0])).tolist() == [0, 0]
    assert lowest_ms(np.array([0])) > 0


def test_blocks_hold_every_file_once_and_percentiles_are_those_of_the_summary(like):
    for stage, latency in like[0].summary["latency_ms"].items():
        blocks = like[0].blocks[stage]
        assert blocks.files == latency["count"]
        assert percentile_ms([blocks], 0.95) == pytest.approx(latency["p95"], rel=0.01)
        assert all(part.sum() == latency["count"] for part in [blocks.merged(8), blocks.merged(15)])


def test_blocks_are_parts_of_the_schedules_time(like):
    files = like[0].blocks["end_to_end"].counts.sum(axis=1)
    assert len(files) == MOST_BLOCKS
    assert files == pytest.approx(1200 / MOST_BLOCKS, abs=1)


def test_the_interval_of_a_run_with_itself_is_nothing(like):
    found = log_ratio_interval(like[0].blocks["end_to_end"], like[0].blocks["end_to_end"], 0.5)
    assert (found.low, found.high) == (0.0, 0.0)


def test_the_interval_holds_the_true_factor(like, slower):
    found = log_ratio_interval(like[0].blocks["transfer"], slower[0].blocks["transfer"], 0.5)
    assert found.low < math.log(0.26 / 0.06) < found.high


def test_files_that_share_their_fate_widen_the_interval():
    """Resampling single files would say that 600 files are 600 facts; here they are 15."""
    generator = random.Random(5)
    fates = [generator.lognormvariate(0, 0.5) for _ in range(15)]
    together = [fate for fate in fates for _ in range(40)]
    apart = random.Random(6).sample(together, len(together))
    base = [1.0] * len(together)
    clustered, mixed = log_ratio_of_means(base, together), log_ratio_of_means(base, apart)
    assert clustered is not None
    assert mixed is not None
    assert clustered.width > 2 * mixed.width


@pytest.mark.parametrize(("base", "new"), [([1.0] * 7, [1.0] * 40), ([0.0] * 40, [1.0] * 40), ([], [])])
def test_means_over_too_little_have_no_interval(base, new):
    assert log_ratio_of_means(base, new) is None


def test_welchs_interval_is_that_of_the_tables():
    """Two sides of three runs with equal variances: four degrees of freedom, t = 4.604."""
    found = difference([0.0, 0.1, 0.2], [1.0, 1.1, 1.2], None)
    half = 4.604 * math.sqrt(0.01 / 3 * 2)
    assert (found.low, found.high) == pytest.approx((1 - half, 1 + half))


def test_degrees_of_freedom_between_those_of_the_table():
    """Deviations of 0.1 and 0.2 over three runs: 2.94 degrees of freedom, for which t is 5.96."""
    found = difference([-0.1, 0.0, 0.1], [-0.2, 0.0, 0.2], None)
    assert found.high == pytest.approx(5.96 * math.sqrt(0.05 / 3), rel=0.02)


def test_runs_that_agree_by_luck_prove_nothing():
    found = difference([0.5, 0.5], [0.6, 0.6], Interval(-0.2, 0.4))
    assert found.low < 0 < found.high


def test_one_run_beside_repeats_is_taken_to_vary_as_they_do():
    one = difference([0.0], [1.0, 1.1, 1.2], None)
    three = difference([-0.1, 0.0, 0.1], [1.0, 1.1, 1.2], None)
    assert one.width > three.width


@pytest.mark.parametrize(
    ("hits", "expected"),
    [((0, 10, 5, 10), 0.01625), ((3, 10, 3, 10), 0.6858), ((0, 20, 0, 20), 1.0), ((10, 10, 10, 10), 1.0)],
)
def test_fishers_exact_test_is_that_of_the_tables(hits, expected):
    assert chance_of_more(*hits) == pytest.approx(expected, rel=0.001)


def test_fishers_exact_test_takes_a_million_files():
    assert chance_of_more(100, 1_000_000, 100, 1_000_000) == pytest.approx(0.53, abs=0.02)
    assert chance_of_more(100, 1_000_000, 300, 1_000_000) < 1e-20
