"""Whether an interval of 99 % holds the truth as often as it says, where little is known."""

from __future__ import annotations

import numpy as np
import pytest

from harness.compare.statistics.levels import log_ratio_of_means

pytestmark = pytest.mark.unit


def test_few_blocks_hold_the_truth_as_often_as_is_said() -> None:
    generator = np.random.default_rng(5)
    held = 0
    for _ in range(500):
        base, new = generator.normal(10.0, 1.0, (2, 8)).tolist()
        interval = log_ratio_of_means(base, new)
        assert interval is not None
        held += interval.low <= 0.0 <= interval.high
    # 94 % without Student's t.
    assert held / 500 >= 0.97
