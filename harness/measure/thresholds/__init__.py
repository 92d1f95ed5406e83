"""Conditions on a run's figures, written as text, checked before the load starts and judged after settling.

README.md      the grammar, for users
kinds.py       what figures are measured in: units, and the values that are possible
metrics.py     which figures there are
grammar.py     from text to `Threshold`
possible.py    conditions that can never hold, that always hold, or that contradict each other
judging.py     from settled figures to `ThresholdResult`
"""

from harness.measure.thresholds.grammar import Threshold, parse_thresholds
from harness.measure.thresholds.judging import Figures, ThresholdResult, evaluate
from harness.measure.thresholds.metrics import METRICS

__all__ = ["METRICS", "Figures", "Threshold", "ThresholdResult", "evaluate", "parse_thresholds"]
