"""Percentiles, stages, rates, the timeline and failure groups."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure import failures
from harness.measure.histogram import RunningLatency, summarize
from harness.measure.records import FileRecord, Outcome
from harness.measure.results import Latency, Timeline
from harness.measure.stages import STAGES, duration_s, last_stage, latencies
from harness.measure.timeline import MAX_POINTS, backlog_slope, rate_of, timeline_of
from tests.unit.measure.builders import T0, record

pytestmark = pytest.mark.unit


class TestPercentiles:
    def test_without_samples_there_is_a_count_and_nothing_else(self) -> None:
        assert summarize([]) == Latency(count=0)

    def test_of_a_thousand_samples(self) -> None:
        samples = [number / 1000 for number in range(1, 1001)]
        random.Random(3).shuffle(samples)
        assert summarize(samples) == Latency(1000, p50=500, p90=900, p95=950, p99=990, p999=999, max=1000)

    def test_negative_samples_are_shown_as_they_are(self) -> None:
        latency = summarize([-0.005, -0.001])
        assert (latency.p50, latency.max) == (-5.0, -1.0)

    @given(st.lists(st.floats(-10, 1000), min_size=1, max_size=300))
    def test_are_the_smallest_sample_with_enough_samples_at_or_below_it(self, samples: list[float]) -> None:
        latency = summarize(samples)
        for share, found in (
            (0.5, latency.p50),
            (0.9, latency.p90),
            (0.99, latency.p99),
            (0.999, latency.p999),
        ):
            covering = [
                s for s in samples if sum(other <= s for other in samples) >= share * len(samples) - 1e-6
            ]
            assert found == round(min(covering) * 1000, 3)

    @given(st.lists(st.floats(0.0001, 3600), min_size=1, max_size=300))
    def test_the_running_histogram_agrees_to_three_digits(self, samples: list[float]) -> None:
        running = RunningLatency()
        for sample in samples:
            running.add(sample)
        assert running.percentile_ms(0.99) == pytest.approx(summarize(samples).p99, rel=2e-3, abs=2e-3)

    def test_the_running_histogram_without_samples(self) -> None:
        assert RunningLatency().percentile_ms(0.99) is None


class TestStages:
    def test_each_lies_between_its_two_moments(self) -> None:
        durations = {stage: duration_s(record(), stage) for stage in STAGES}
        assert durations == pytest.approx(
            {
                "lag": 0.01,
                "sftp_upload": 0.09,
                "event_delivery": 0.1,
                "queue_wait": 0.1,
                "dispatch": 0.1,
                "transfer": 0.1,
                "end_to_end": 0.5,
            },
            abs=1e-6,
        )

    def test_a_stage_without_one_of_its_moments_is_null(self) -> None:
        half = record(queued_at=None)
        assert duration_s(half, "event_delivery") is None
        assert duration_s(half, "queue_wait") is None
        assert duration_s(half, "dispatch") is not None

    def test_an_event_that_is_queued_before_the_client_has_its_answer_is_negative(self) -> None:
        assert duration_s(record(queued_at=T0 + 0.08), "event_delivery") == pytest.approx(-0.02, abs=1e-6)

    def test_end_to_end_is_of_delivered_files_only(self) -> None:
        quick_failure = record(outcome=Outcome.FAILED)
        assert duration_s(quick_failure, "end_to_end") is None
        assert duration_s(quick_failure, "transfer") is not None

    def test_a_route_without_a_queue_has_no_queue_stages(self) -> None:
        found = latencies([record()], has_queue=False)
        assert {stage for stage, latency in found.items() if latency is None} == {
            "event_delivery",
            "queue_wait",
            "dispatch",
        }
        assert all(latencies([record()], has_queue=True).values())

    @pytest.mark.parametrize(
        ("missing", "stage"),
        [
            ([], "transfer"),
            (["handler_started_at"], "dispatch"),
            (["handler_started_at", "first_received_at"], "queue_wait"),
            (["handler_started_at", "first_received_at", "queued_at"], "event_delivery"),
            (["handler_started_at", "first_received_at", "queued_at", "closed_at"], "sftp_upload"),
            (["handler_started_at", "first_received_at", "queued_at", "closed_at", "started_at"], "lag"),
        ],
    )
    def test_the_last_stage_that_was_reached(self, missing: list[str], stage: str) -> None:
        assert last_stage(record(**dict.fromkeys(missing))) == stage


def steady(count: int, per_s: float, took_s: float = 0.5) -> list[FileRecord]:
    return [
        record(
            intended_at=T0 + n / per_s,
            closed_at=T0 + n / per_s + 0.1,
            handler_ended_at=T0 + n / per_s + took_s,
        )
        for n in range(count)
    ]


class TestTimeline:
    def test_counts_per_second_and_what_is_under_way(self) -> None:
        records = [
            record(intended_at=T0, closed_at=T0, handler_ended_at=T0 + 2.5),
            record(intended_at=T0 + 1, closed_at=T0 + 1, handler_ended_at=T0 + 1.5, outcome=Outcome.FAILED),
            record(intended_at=T0 + 1, outcome=Outcome.ABORTED),
        ]
        assert timeline_of(records) == Timeline(
            start_at=T0,
            interval_s=1.0,
            offered=[1, 2, 0],
            uploaded=[1, 1, 0],
            delivered=[0, 0, 1],
            failed=[0, 1, 0],
            backlog=[1, 1, 0],
        )

    def test_of_nothing(self) -> None:
        assert timeline_of([]) == Timeline()
        assert rate_of([], Timeline()).delivered_per_s is None

    def test_a_day_has_wider_intervals_and_loses_no_file(self) -> None:
        timeline = timeline_of(steady(2000, per_s=2000 / 86_400))
        assert timeline.interval_s > 1
        assert len(timeline.offered) <= MAX_POINTS
        assert sum(timeline.offered) == sum(timeline.delivered) == 2000
        assert timeline.backlog[-1] == 0


class TestRate:
    def test_of_a_steady_run(self) -> None:
        records = steady(1000, per_s=11.6)
        rate = rate_of(records, timeline_of(records))
        assert rate.offered_per_s == rate.delivered_per_s == pytest.approx(11.6, abs=0.001)
        assert rate.files_per_day == pytest.approx(1_002_240, abs=100)
        assert rate.backlog_slope_per_s == pytest.approx(0, abs=0.01)

    def test_a_pipeline_that_stood_still_is_not_called_fast(self) -> None:
        records = steady(100, per_s=10)
        for number, one in enumerate(records):
            one.handler_ended_at = T0 + 60 + number / 1000
        assert rate_of(records, timeline_of(records)).delivered_per_s == pytest.approx(10, abs=0.01)

    def test_of_a_burst_it_is_the_speed_of_draining(self) -> None:
        records = [record(intended_at=T0, handler_ended_at=T0 + 1 + n / 5) for n in range(101)]
        assert rate_of(records, timeline_of(records)).delivered_per_s == pytest.approx(5, abs=0.01)

    def test_one_file_has_no_rate(self) -> None:
        rate = rate_of([record()], timeline_of([record()]))
        assert (rate.offered_per_s, rate.delivered_per_s, rate.files_per_day) == (None, None, None)

    def test_a_backlog_that_grows_has_its_slope(self) -> None:
        records = [
            record(intended_at=T0 + n / 10, closed_at=T0 + n / 10, handler_ended_at=T0 + n / 8)
            for n in range(1000)
        ]
        assert rate_of(records, timeline_of(records)).backlog_slope_per_s == pytest.approx(2.0, abs=0.1)

    def test_a_slope_needs_points(self) -> None:
        assert backlog_slope(Timeline(T0, 1.0, backlog=[1, 2]), until=T0 + 2) is None


class TestFailureGroups:
    def test_are_by_stage_and_cause_with_a_few_examples(self) -> None:
        refused = [
            record(ledger_id=str(n), outcome=Outcome.FAILED, cause="AccessDenied", error_message=f"no {n}")
            for n in range(9)
        ]
        late = record(outcome=Outcome.NOT_STARTED, cause="late", started_at=None)
        groups = failures.group([*refused, late, record(), record(outcome=Outcome.SUPERSEDED, cause="x")])
        assert [(group.stage, group.cause, group.count) for group in groups] == [
            ("transfer", "AccessDenied", 9),
            ("lag", "late", 1),
        ]
        assert [example.message for example in groups[0].examples] == [f"no {n}" for n in range(5)]

    def test_show_wrong_and_doubled_deliveries(self) -> None:
        groups = failures.group([record(corrupted=True, cause="corrupted"), record(destination_versions=2)])
        assert {(group.stage, group.cause) for group in groups} == {
            ("transfer", "corrupted"),
            ("transfer", "duplicated"),
        }
