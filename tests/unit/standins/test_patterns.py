"""Event patterns of Pipes, by the examples of AWS's documentation and by properties.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.exceptions import UsageError
from harness.standins.pipes.patterns import EventPattern

pytestmark = pytest.mark.unit


def matches(pattern: Any, event: Any) -> bool:
    return EventPattern(json.dumps(pattern)).matches(event)


@pytest.mark.parametrize(
    ("pattern", "event"),
    [
        ({"time": [{"prefix": "2017-10-02"}]}, {"time": "2017-10-02T18:43:48Z"}),
        ({"service": [{"prefix": {"equals-ignore-case": "EventB"}}]}, {"service": "EVENTBridge"}),
        ({"FileName": [{"suffix": ".png"}]}, {"FileName": "a.png"}),
        ({"FileName": [{"suffix": {"equals-ignore-case": ".png"}}]}, {"FileName": "a.PNG"}),
        ({"detail": {"state": [{"anything-but": "initializing"}]}}, {"detail": {"state": "running"}}),
        ({"detail": {"x-limit": [{"anything-but": 123}]}}, {"detail": {"x-limit": 124}}),
        ({"state": [{"anything-but": ["stopped", "overloaded"]}]}, {"state": "running"}),
        ({"x-limit": [{"anything-but": [100, 200, 300]}]}, {"x-limit": 150}),
        ({"c-count": [{"numeric": [">", 0, "<=", 5]}]}, {"c-count": 5}),
        ({"d-count": [{"numeric": ["<", 10]}]}, {"d-count": -1.5}),
        ({"x-limit": [{"numeric": ["=", 3.018e2]}]}, {"x-limit": 301.8}),
        ({"sourceIPAddress": [{"cidr": "10.0.0.0/24"}]}, {"sourceIPAddress": "10.0.0.255"}),
        ({"detail": {"state": [{"exists": True}]}}, {"detail": {"state": "pending"}}),
        ({"detail": {"c-count": [{"exists": False}]}}, {"detail": {"state": "pending"}}),
        ({"detail": {"c-count": [{"exists": False}]}}, {"other": 1}),
        ({"detail-type": [{"equals-ignore-case": "ec2 Change"}]}, {"detail-type": "EC2 change"}),
        ({"responseElements": [None]}, {"responseElements": None}),
        ({"eventVersion": [""]}, {"eventVersion": ""}),
        ({"resources": ["arn:b", "arn:c"]}, {"resources": ["arn:a", "arn:b"]}),
        ({"$or": [{"size": [{"numeric": [">", 10]}]}, {"kind": ["csv"]}]}, {"size": 1, "kind": "csv"}),
        (
            {"source": ["aws.s3"], "detail": {"$or": [{"a": [1]}, {"b": [2]}]}},
            {"source": "aws.s3", "detail": {"b": 2}},
        ),
        ({"Records": {"name": ["b"]}}, {"Records": [{"name": "a"}, {"name": "b"}]}),
    ],
)
def test_documented_examples_match(pattern: Any, event: Any) -> None:
    assert matches(pattern, event)


@pytest.mark.parametrize(
    ("pattern", "event"),
    [
        ({"time": [{"prefix": "2017-10-02"}]}, {"time": "2018-10-02T18:43:48Z"}),
        ({"time": [{"prefix": "2017"}]}, {"time": 2017}),
        ({"FileName": [{"suffix": ".png"}]}, {"FileName": "a.PNG"}),
        ({"state": [{"anything-but": ["stopped", "overloaded"]}]}, {"state": "stopped"}),
        ({"state": [{"anything-but": "stopped"}]}, {}),
        ({"c-count": [{"numeric": [">", 0, "<=", 5]}]}, {"c-count": 0}),
        ({"c-count": [{"numeric": [">", 0]}]}, {"c-count": "3"}),
        ({"c-count": [{"numeric": [">", 0]}]}, {"c-count": True}),
        ({"size": [{"numeric": [">=", 1]}]}, {"size": 5_000_000_001}),
        ({"sourceIPAddress": [{"cidr": "10.0.0.0/24"}]}, {"sourceIPAddress": "10.0.1.0"}),
        ({"sourceIPAddress": [{"cidr": "10.0.0.0/24"}]}, {"sourceIPAddress": "no address"}),
        ({"detail": {"state": [{"exists": True}]}}, {"detail": {}}),
        ({"detail": [{"exists": True}]}, {"detail": {"state": "pending"}}),
        ({"detail": {"state": [{"exists": False}]}}, {"detail": {"state": "pending"}}),
        ({"limit": [300]}, {"limit": 300.0}),
        ({"flag": [1]}, {"flag": True}),
        ({"eventVersion": [""]}, {"eventVersion": None}),
        ({"resources": ["arn:b"]}, {"resources": ["arn:a"]}),
        ({"$or": [{"a": [1]}, {"b": [2]}]}, {"a": 2, "b": 1}),
        ({"a": [1], "$or": [{"b": [1]}, {"b": [2]}]}, {"a": 2, "b": 1}),
        ({"body": {"City": ["Seattle"]}}, {"body": "Seattle"}),
        ({"body": ["Seattle"]}, {"body": {"City": "Seattle"}}),
        ({"Records": {"name": ["b"], "size": [1]}}, {"Records": [{"name": "b", "size": 2}, {"size": 1}]}),
    ],
)
def test_documented_examples_do_not_match(pattern: Any, event: Any) -> None:
    assert not matches(pattern, event)


@pytest.mark.parametrize(
    ("pattern", "word"),
    [
        ("{", "JSON"),
        ("{}", "no fields"),
        ('{"a": "b"}', "list"),
        ('{"a": []}', "list"),
        ('{"a": [{"wildcard": "*.csv"}]}', "only a rule"),
        ('{"a": [{"anything-but": {"suffix": ".tmp"}}]}', "rules alone"),
        ('{"a": [{"anything-but": ["x", 1]}]}', "texts only"),
        ('{"a": [{"between": [1, 2]}]}', "between"),
        ('{"a": [{"numeric": [">", 6e9]}]}', "6000000000"),
        ('{"a": [{"numeric": [">"]}]}', "pairs"),
        ('{"a": [{"prefix": 1}]}', "prefix"),
        ('{"a": [{"prefix": "a", "suffix": "b"}]}', "2 operators"),
        ('{"a": [{"cidr": "10.0.0"}]}', "cidr"),
        ('{"$or": [{"a": [1]}]}', "two objects"),
        ('{"a": [{"exists": "yes"}]}', "exists"),
        ('{"a": [["b"]]}', "list inside"),
    ],
)
def test_what_a_pipe_does_not_take_is_refused(pattern: str, word: str) -> None:
    with pytest.raises(UsageError, match=word) as caught:
        EventPattern(pattern)
    assert caught.value.hint


texts = st.text(max_size=8)
scalars = st.none() | st.booleans() | st.integers(-1000, 1000) | texts
objects = st.dictionaries(
    st.text(min_size=1, max_size=4).filter(lambda name: name != "$or"), scalars, min_size=1
)


@given(objects)
def test_an_event_matches_the_pattern_of_its_own_values(event: dict[str, Any]) -> None:
    assert matches({name: [value] for name, value in event.items()}, event)


@given(texts, texts, texts)
def test_prefix_and_suffix_are_those_of_the_text(start: str, middle: str, end: str) -> None:
    event = {"key": start + middle + end}
    assert matches({"key": [{"prefix": start}]}, event)
    assert matches({"key": [{"suffix": end}]}, event)


@given(texts, st.lists(texts, min_size=1, max_size=4))
def test_anything_but_is_the_opposite_of_the_list(value: str, names: list[str]) -> None:
    event = {"x": value}
    assert matches({"x": [{"anything-but": names}]}, event) != matches({"x": names}, event)


@given(st.integers(-10, 10), st.integers(-10, 10), st.integers(-10, 10))
def test_a_numeric_range_holds_what_is_between(value: int, low: int, high: int) -> None:
    assume(low <= high)
    found = matches({"x": [{"numeric": [">=", low, "<", high]}]}, {"x": value})
    assert found == (low <= value < high)


@given(objects, objects)
def test_or_matches_when_one_of_its_parts_does(event: dict[str, Any], other: dict[str, Any]) -> None:
    first = {name: [value] for name, value in event.items()}
    second = {name: [value] for name, value in other.items()}
    assert matches({"$or": [first, second]}, event)
    assert matches({"$or": [first, second]}, other)
