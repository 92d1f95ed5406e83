"""Log events and metrics that are stored together."""

from __future__ import annotations

from typing import Any

import pytest
from floodgate_localstack.lambda_runtime.log_batches import (
    BATCH_LIMIT_BYTES,
    EVENT_LIMIT_BYTES,
    EVENT_OVERHEAD_BYTES,
    EVENTS_LIMIT,
    batches,
    by_stream,
)
from floodgate_localstack.lambda_runtime.log_capture import LogEvent
from floodgate_localstack.lambda_runtime.metrics import VALUES_LIMIT, FunctionKey, MetricCollector

pytestmark = pytest.mark.unit

KEY = FunctionKey("000000000000", "eu-central-1", "fn")


def test_events_of_one_stream_come_together_in_order() -> None:
    first, second, third = (LogEvent(1, text) for text in "abc")
    items = [(("g", "s"), [first]), (("g", "other"), [second]), (("g", "s"), [third])]
    assert by_stream(items) == {("g", "s"): [first, third], ("g", "other"): [second]}


def test_time_never_goes_back_within_a_call() -> None:
    (batch,) = batches([LogEvent(5, "a"), LogEvent(3, "b"), LogEvent(9, "c")])
    assert [event.at_ms for event in batch] == [5, 5, 9]


def test_batch_holds_as_many_events_as_allowed() -> None:
    sizes = [len(batch) for batch in batches([LogEvent(1, "x")] * (EVENTS_LIMIT + 1))]
    assert sizes == [EVENTS_LIMIT, 1]


def test_batch_holds_as_many_bytes_as_allowed() -> None:
    events = [LogEvent(1, "ü" * 50_000)] * 25
    for batch in batches(events):
        assert sum(len(e.message.encode()) + EVENT_OVERHEAD_BYTES for e in batch) <= BATCH_LIMIT_BYTES
    assert sum(len(batch) for batch in batches(events)) == 25


def test_long_event_is_split_between_characters() -> None:
    message = "a" + "🚚" * 150_000
    pieces = [event.message for batch in batches([LogEvent(1, message)]) for event in batch]
    assert "".join(pieces) == message
    assert len(pieces) == 3
    assert all(len(piece.encode()) <= EVENT_LIMIT_BYTES for piece in pieces)


class Published(list[tuple[str, str, list[dict[str, Any]]]]):
    """What a collector has handed over."""

    def __call__(self, account_id: str, region: str, data: list[dict[str, Any]]) -> None:
        self.append((account_id, region, data))

    def named(self, metric: str) -> list[dict[str, Any]]:
        return [datum for _, _, data in self for datum in data if datum["MetricName"] == metric]


def test_counts_are_summed_until_they_are_published() -> None:
    published = Published()
    collector = MetricCollector(published)
    collector.invoked(KEY, 10.0, is_error=False)
    collector.invoked(KEY, 20.0, is_error=True)
    collector.throttled(KEY)
    collector.flush()
    assert published[0][:2] == ("000000000000", "eu-central-1")
    sums = {
        name: published.named(name)[0]["StatisticValues"] for name in ("Invocations", "Errors", "Throttles")
    }
    assert {name: (s["Sum"], s["SampleCount"]) for name, s in sums.items()} == {
        "Invocations": (2, 2),
        "Errors": (1, 2),
        "Throttles": (1, 3),
    }
    assert published.named("Duration")[0]["Values"] == [10.0, 20.0]
    collector.flush()
    assert len(published) == 1


def test_durations_are_split_at_the_limit_of_a_datum() -> None:
    published = Published()
    collector = MetricCollector(published)
    for number in range(VALUES_LIMIT + 1):
        collector.invoked(KEY, float(number), is_error=False)
    collector.flush()
    assert [len(datum["Values"]) for datum in published.named("Duration")] == [VALUES_LIMIT, 1]


def test_only_a_throttle_makes_no_invocation() -> None:
    published = Published()
    collector = MetricCollector(published)
    collector.throttled(KEY)
    collector.flush()
    assert not published.named("Invocations") + published.named("Errors") + published.named("Duration")


def test_other_accounts_and_regions_are_kept_apart() -> None:
    published = Published()
    collector = MetricCollector(published)
    collector.invoked(KEY, 1.0, is_error=False)
    collector.invoked(FunctionKey("111111111111", "eu-central-1", "fn"), 1.0, is_error=False)
    collector.flush()
    assert {(account, region) for account, region, _ in published} == {
        ("000000000000", "eu-central-1"),
        ("111111111111", "eu-central-1"),
    }
