"""Numbers with their units."""

from __future__ import annotations

import pytest

from harness.report import text

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "no samples"),
        (0.0, "0.00 ms"),
        (-2.5, "-2.50 ms"),
        (-125_000, "-2 min 05 s"),
        (0.004, "0.0040 ms"),
        (12.34, "12.3 ms"),
        (999.4, "999 ms"),
        (1423, "1.42 s"),
        (59_999, "1 min 00 s"),
        (125_000, "2 min 05 s"),
        (12_000_000, "3 h 20 min"),
    ],
)
def test_milliseconds(value, shown):
    assert text.milliseconds(value) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "s", "no samples"),
        (0, "", "0"),
        (1392, "", "1,392"),
        (1.423, "s", "1.42 s"),
        (11.6, "/s", "11.6/s"),
        (82.4, "ms", "82.4 ms"),
        (0.000041, "/s", "0.000041/s"),
        (-0.0066, "/s", "-0.0066/s"),
    ],
)
def test_quantities_are_in_the_unit_of_their_threshold(value, unit, shown):
    assert text.quantity(value, unit) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [(None, "B", "not measured"), (0, "B", "0 B"), (10_240, "B", "10.0 KiB"), (2048, "MiB", "2.00 GiB")],
)
def test_sizes(value, unit, shown):
    assert text.size(value, unit) == shown


def test_counts_of_files_agree_in_number():
    assert (text.files(0), text.files(1), text.files(1392)) == ("0 files", "1 file", "1,392 files")


def test_shortening_keeps_both_ends_and_the_length():
    assert text.shortened("abcdefghij", 5) == "ab…ij"
    assert text.shortened("abcde", 5) == "abcde"
