"""What rules match: a rule for each operator, and the same four events before each of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.aws import Aws, refused
from tests.conformance.marks import behaviour
from tests.conformance.queues import create_queue
from tests.conformance.rules import put_rule

pytestmark = pytest.mark.conformance

EVENTS: dict[str, dict[str, Any]] = {
    "csv": {"key": "in/a.csv", "size": 10, "address": "10.0.0.7"},
    "upper": {"key": "IN/A.CSV", "size": 100, "address": "10.0.1.7", "note": "x"},
    "part": {"key": "in/a.csv.filepart", "size": 0, "tags": ["a", "b"]},
    "tmp": {"key": "other/a.tmp", "size": 1000.5, "tags": ["b", "c"]},
}


def assert_lets_through(aws: Aws, pattern: dict[str, Any], *names: str) -> None:
    """Put all events before a rule with this pattern of the detail; those of the names must come alone."""
    queue = create_queue(aws)
    put_rule(aws, {"source": [aws.unique], "detail": pattern}, {"Arn": queue.arn})
    entries = [
        {"Source": aws.unique, "DetailType": "test", "Detail": json.dumps({"name": name, **detail})}
        for name, detail in EVENTS.items()
    ]
    assert aws.events.put_events(Entries=entries)["FailedEntryCount"] == 0
    came = queue.take(len(names)) + queue.receive()
    assert sorted(json.loads(message["Body"])["detail"]["name"] for message in came) == sorted(names)


@behaviour("eventbridge.exact")
def test_exact(aws: Aws) -> None:
    assert_lets_through(aws, {"key": ["in/a.csv", "other/a.tmp"], "size": [10]}, "csv")


@behaviour("eventbridge.prefix")
def test_prefix(aws: Aws) -> None:
    assert_lets_through(aws, {"key": [{"prefix": "in/"}]}, "csv", "part")


@behaviour("eventbridge.suffix")
def test_suffix(aws: Aws) -> None:
    assert_lets_through(aws, {"key": [{"suffix": ".csv"}]}, "csv")


@behaviour("eventbridge.ignore-case")
def test_ignore_case(aws: Aws) -> None:
    pattern = {"key": [{"equals-ignore-case": "other/A.tmp"}, {"suffix": {"equals-ignore-case": ".Csv"}}]}
    assert_lets_through(aws, pattern, "csv", "upper", "tmp")


@behaviour("eventbridge.anything-but")
def test_anything_but(aws: Aws) -> None:
    pattern = {"key": [{"anything-but": ["in/a.csv", "IN/A.CSV"]}], "size": [{"anything-but": 0}]}
    assert_lets_through(aws, pattern, "tmp")


@behaviour("eventbridge.anything-but-suffixes")
def test_anything_but_suffixes(aws: Aws) -> None:
    pattern = {"key": [{"anything-but": {"suffix": [".filepart", ".part", ".tmp"]}}]}
    assert_lets_through(aws, pattern, "csv", "upper")


@behaviour("eventbridge.numeric")
def test_numeric(aws: Aws) -> None:
    pattern = {"size": [{"numeric": [">", 0, "<=", 100]}, {"numeric": ["=", 1000.5]}]}
    assert_lets_through(aws, pattern, "csv", "upper", "tmp")


@behaviour("eventbridge.exists")
def test_exists(aws: Aws) -> None:
    pattern = {"address": [{"exists": True}], "note": [{"exists": False}]}
    assert_lets_through(aws, pattern, "csv")


@behaviour("eventbridge.wildcard")
def test_wildcard(aws: Aws) -> None:
    assert_lets_through(aws, {"key": [{"wildcard": "*/a.c*t"}]}, "part")


@behaviour("eventbridge.cidr")
def test_cidr(aws: Aws) -> None:
    assert_lets_through(aws, {"address": [{"cidr": "10.0.0.0/24"}]}, "csv")


@behaviour("eventbridge.or")
def test_or(aws: Aws) -> None:
    assert_lets_through(aws, {"$or": [{"size": [10]}, {"key": [{"suffix": ".tmp"}]}]}, "csv", "tmp")


@behaviour("eventbridge.array")
def test_array(aws: Aws) -> None:
    assert_lets_through(aws, {"tags": ["a", "c"]}, "part", "tmp")


@behaviour("eventbridge.bad-pattern")
def test_bad_pattern(aws: Aws) -> None:
    # On a bus of its own: where it is taken it may break all other rules.
    bus, rule = aws.name("bus"), aws.name("rule")
    aws.events.create_event_bus(Name=bus)
    aws.at_end(lambda: aws.events.delete_event_bus(Name=bus))
    aws.at_end(lambda: aws.events.delete_rule(Name=rule, EventBusName=bus))
    for pattern in ("no json", '{"source": "not an array"}', '{"source": [{"none-such": "x"}]}'):
        code = refused(aws.events.put_rule, Name=rule, EventBusName=bus, EventPattern=pattern)
        assert code == "InvalidEventPatternException"
