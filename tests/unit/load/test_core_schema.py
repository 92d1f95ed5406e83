"""Scalars of workload files are those of YAML 1.2."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness.load.reading import document

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("5", 5),
        ("-5", -5),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("1.5E-2", 0.015),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2026-11-23", "2026-11-23"),
        ("5GiB", "5GiB"),
        ("5 ", 5),
        ("'5'", "5"),
        ("[1e1, no]", [10.0, "no"]),
    ],
)
def test_a_scalar_means_what_yaml_1_2_says(text: str, meant: Any):
    found = document.value(text)
    assert found == meant
    assert type(found) is type(meant)


def test_nan_is_none_of_our_business_here():
    assert math.isnan(document.value(".NaN"))


def test_keys_of_merging_are_fields_like_any_other():
    assert document.parse("<<: {a: 1}\n").data == {"<<": {"a": 1}}


@pytest.mark.parametrize(
    "text", ["9" * 500, f"0x{'f' * 500}", f"1.{'0' * 500}", "[" * 100, "&a [*a]", "!!str x", "{a: 1, a: 2}"]
)
def test_what_no_workload_needs_is_refused(text: str):
    with pytest.raises(document.DocumentError):
        document.value(text)
