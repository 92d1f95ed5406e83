"""Which datapoints decide about an alarm."""

from __future__ import annotations

import pytest
from floodgate_localstack.alarms import newest

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("periods", "values", "decide"),
    [
        (1, [0.0, 3.0, 1.0], [0.0]),
        (2, [0.0, 3.0, 1.0, 0.0], [0.0, 3.0]),
        (3, [1.0, None, None], [1.0, None, None]),
        (3, [1.0], [1.0]),
    ],
)
def test_the_newest_datapoints_decide(
    periods: int, values: list[float | None], decide: list[float | None]
) -> None:
    assert newest(values, {"EvaluationPeriods": periods}) == decide
