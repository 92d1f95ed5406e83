"""Which expressions are plain, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from floodgate_localstack.dynamodb.expressions import Assignment, read_condition, read_update

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class Value:
    type: str
    value: str

    @property
    def cast_value(self) -> Any:
        return float(self.value)


def test_an_update_with_all_clauses() -> None:
    text = "SET #a = :a, b = #c + :d, e = if_not_exists(e, :f) REMOVE g, #h ADD n :n"
    update = read_update(text)
    assert update is not None
    assert update.sets == (
        Assignment("#a", ":a"),
        Assignment("b", ":d", "#c", "+"),
        Assignment("e", ":f", "e", "if_not_exists"),
    )
    assert (update.removes, update.adds) == (("g", "#h"), (Assignment("n", ":n"),))
    assert update.used.names == {"#a", "b", "#c", "e", "g", "#h", "n"}
    assert update.used.values == {":a", ":d", ":f", ":n"}


@pytest.mark.parametrize(
    "text",
    [
        "SET a.b = :v",
        "SET a[0] = :v",
        "SET a = list_append(a, :v)",
        "SET a = :v + :w",
        "SET a = b",
        "DELETE a :v",
        "SET a = :v,",
        "SET",
        "nonsense",
        "SET a = :v!",
    ],
)
def test_updates_that_are_not_plain(text: str) -> None:
    assert read_update(text) is None


@pytest.mark.parametrize(
    "text",
    ["size(a) > :v", "a > :v", "begins_with(a, :v)", "a = b", "a BETWEEN :v AND :w", "(a = :v", "a = :v b"],
)
def test_conditions_that_are_not_plain(text: str) -> None:
    assert read_condition(text) is None


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("attribute_exists(a)", True),
        ("attribute_not_exists(a)", False),
        ("attribute_not_exists(b)", True),
        ("#a = :x", True),
        ("a <> :x", False),
        ("b <> :x", True),
        ("b = :x", False),
        ("a IN (:y, :x)", True),
        ("n = :one", True),
        ("a = :one", False),
        ("NOT a = :x", False),
        ("a = :y OR a = :x AND n = :one", True),
        ("(a = :y OR a = :x) AND NOT n = :one", False),
        ("attribute_not_exists(a) OR (a IN (:y) OR (a = :x AND n = :one)) AND n = :one", True),
    ],
)
def test_conditions(text: str, holds: bool) -> None:
    condition = read_condition(text)
    assert condition is not None
    attributes = {"a": Value("S", "x"), "n": Value("N", "1.0")}
    values = {":x": Value("S", "x"), ":y": Value("S", "y"), ":one": Value("N", "1")}
    assert condition.test(attributes, {"#a": "a"}, values) is holds
