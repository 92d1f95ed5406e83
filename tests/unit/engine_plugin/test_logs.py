"""Filter patterns, embedded metrics, and values gathered for CloudWatch."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from floodgate_localstack.logs.embedded import metrics_in
from floodgate_localstack.logs.patterns import PatternError, matcher, value_at
from floodgate_localstack.logs.values import Metric, MetricValues, Place

pytestmark = pytest.mark.unit

EVENT = {
    "status": "failed",
    "size": 12,
    "ok": False,
    "none": None,
    "activity-type": "AUTH_FAILURE",
    "file": {"key": "in/a.csv", "parts": [{"n": 1}, {"n": 2}]},
    "FilesFailed": [1.0],
}


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("", True),
        ('{ $.status = "failed" }', True),
        ("{ $.status = failed }", True),
        ('{ $.status = "ok" }', False),
        ('{ $.status != "ok" }', True),
        ('{ $.absent != "ok" }', False),
        ('{ $.file.key = "in/*.csv" }', True),
        ('{ $.file.key = "in/*.gz" }', False),
        ("{ $.size > 10 }", True),
        ("{ $.size >= 12 && $.size <= 12 }", True),
        ("{ $.size < 12 }", False),
        ("{ $.status > 1 }", False),
        ("{ $.FilesFailed[0] > 0 }", True),
        ("{ $.FilesFailed[1] > 0 }", False),
        ("{ $.file.parts[1].n = 2 }", True),
        ('{ $.activity-type = "AUTH_FAILURE" }', True),
        ("{ $.none IS NULL }", True),
        ("{ $.status IS NULL }", False),
        ("{ $.absent NOT EXISTS }", True),
        ("{ $.ok IS FALSE }", True),
        ("{ $.ok IS TRUE }", False),
        ('{ $.status = "x" || $.size = 12 && $.ok IS FALSE }', True),
        ('{ ($.status = "x" || $.size = 12) && $.ok IS TRUE }', False),
        ("failed", True),
        ('"AUTH_FAILURE" failed', True),
        ("failed -AUTH_FAILURE", False),
        ("?nothing ?failed", True),
        ("?nothing ?at-all", False),
    ],
)
def test_patterns(pattern: str, matches: bool) -> None:
    assert matcher(pattern)(json.dumps(EVENT)) is matches


@pytest.mark.parametrize("message", ["no JSON", "{broken", '["list"]', '"{ text }"'])
def test_a_condition_matches_no_event_that_is_not_an_object(message: str) -> None:
    assert not matcher('{ $.status = "failed" }')(message)


@pytest.mark.parametrize(
    "pattern",
    [
        "{ $.a = 1",
        "{ $.a }",
        "{ $.a = }",
        "{ a = 1 }",
        "{ $.a > text }",
        "{ $.a = 1 && }",
        "{ ($.a = 1 }",
        "{ $.a = 1 $.b = 2 }",
        "{ $.a IS ODD }",
        "{ $..a = 1 }",
        "[ip, user]",
    ],
)
def test_what_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        matcher(pattern)


def test_value_at_a_path() -> None:
    assert value_at(EVENT, "$.file.parts[0].n") == 1
    assert value_at(EVENT, "$.file.absent") is None


def test_embedded_metrics_as_powertools_writes_them() -> None:
    document = {
        "_aws": {
            "Timestamp": 1,
            "CloudWatchMetrics": [
                {
                    "Namespace": "N",
                    "Dimensions": [["service"], []],
                    "Metrics": [{"Name": "Files", "Unit": "Count"}, {"Name": "Absent"}],
                }
            ],
        },
        "service": "worker",
        "Files": [1.0, 2],
    }
    assert list(metrics_in(json.dumps(document))) == [
        ("N", Metric("Files", "Count", (("service", "worker"),)), [1.0, 2.0]),
        ("N", Metric("Files", "Count"), [1.0, 2.0]),
    ]


@pytest.mark.parametrize("message", ["text", '{"_aws": 1}', '{"_aws" broken', '{"a": 1}'])
def test_other_events_hold_no_metrics(message: str) -> None:
    assert list(metrics_in(message)) == []


def test_values_are_counted_and_published_for_each_namespace() -> None:
    published: list[tuple[Place, list[dict[str, Any]]]] = []
    done = threading.Event()

    def publish(place: Place, data: list[dict[str, Any]]) -> None:
        published.append((place, data))
        done.set()

    values = MetricValues(publish, interval_s=0.01)
    values.add(("1", "r", "N"), Metric("M", "Count", (("d", "v"),)), [2.0, 1.0, 2.0])
    assert done.wait(10)
    assert published == [
        (
            ("1", "r", "N"),
            [
                {
                    "MetricName": "M",
                    "Unit": "Count",
                    "Dimensions": [{"Name": "d", "Value": "v"}],
                    "Values": [1.0, 2.0],
                    "Counts": [1.0, 2.0],
                }
            ],
        )
    ]
