"""Thresholds and the verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.exit_codes import ExitCode
from harness.measure import conservation
from harness.measure.generator import Generator, Worker
from harness.measure.records import FileRecord, Outcome
from harness.measure.results import Bytes, Latency, Rate, Timeline
from harness.measure.settlement import Settlement
from harness.measure.stages import latencies
from harness.measure.thresholds import ThresholdResult, evaluate, parse_thresholds
from harness.measure.timeline import rate_of, timeline_of
from harness.measure.verdict import Allowed, Verdict, decide
from tests.unit.measure.builders import T0, record

pytestmark = pytest.mark.unit


def settled(*records: FileRecord) -> Settlement:
    counts, timeline = conservation.count(records), timeline_of(records)
    problems = conservation.problems(counts, offered=len(records), uploaded=counts["uploaded"])
    return Settlement(
        records=list(records),
        counts=counts,
        bytes=Bytes(2048, 1024),
        rate=rate_of(records, timeline),
        latency_ms=latencies(records, has_queue=True),
        failures=[],
        timeline=timeline,
        problems=problems,
        verified=counts["delivered"],
    )


def clean(count: int = 10) -> Settlement:
    return settled(
        *(
            record(
                intended_at=T0 + n,
                started_at=T0 + n + 0.01,
                closed_at=T0 + n + 0.1,
                handler_ended_at=T0 + n + 0.5,
            )
            for n in range(count)
        )
    )


def verdict_of(text: str, settlement: Settlement) -> ThresholdResult:
    (result,) = evaluate(parse_thresholds([text]), settlement)
    return result


class TestThresholds:
    @pytest.mark.parametrize(
        ("text", "verdict", "value"),
        [
            ("end_to_end.p99 < 5s", "passed", 0.5),
            ("end_to_end.p99<500ms", "failed", 500),
            ("end_to_end.p99 <= 500ms", "passed", 500),
            ("  lag.max   <  100ms ", "passed", 10),
            ("lag.count == 10", "passed", 10),
            ("files.lost == 0", "passed", 0),
            ("files.delivered != 10", "failed", 10),
            ("rate.delivered >= 1/s", "passed", 1),
            ("rate.offered >= 86400/day", "passed", 86400),
            ("rate.delivered > 60/min", "failed", 60),
            ("bytes.uploaded == 2KiB", "passed", 2),
            ("bytes.delivered == 1024", "passed", 1024),
            ("backlog.slope <= 0", "passed", 0),
            ("backlog.max <= 1", "passed", 0),
            ("backlog.end == 0", "passed", 0),
        ],
    )
    def test_are_judged_in_their_own_unit(self, text: str, verdict: str, value: float) -> None:
        result = verdict_of(text, clean())
        assert result.verdict == verdict
        assert result.value == pytest.approx(value, abs=1e-3)

    def test_keep_their_text_as_name(self) -> None:
        assert verdict_of(" lag.p99  <  1s", clean()).name == "lag.p99 < 1s"

    @pytest.mark.parametrize(
        "text",
        [
            "end_to_end.p99 < 5s",
            "files.lost == 0",
            "rate.delivered >= 1/s",
            "backlog.slope <= 0",
            "backlog.max < 1",
        ],
    )
    def test_without_samples_nothing_passes(self, text: str) -> None:
        result = verdict_of(text, settled())
        assert (result.verdict, result.value) == ("no_samples", None)

    def test_a_count_of_nothing_is_a_figure(self) -> None:
        assert verdict_of("files.offered > 0", settled()).verdict == "failed"
        assert verdict_of("lag.count == 0", settled()).verdict == "passed"

    def test_a_stage_that_the_route_lacks_has_no_samples(self) -> None:
        settlement = replace(clean(), latency_ms=latencies(clean().records, has_queue=False))
        assert verdict_of("queue_wait.p99 < 1s", settlement).verdict == "no_samples"


class TestVerdict:
    def test_a_clean_run_passes(self) -> None:
        assert decide(clean()) == (Verdict.PASSED, ExitCode.PASSED, [], False)

    @pytest.mark.parametrize(
        ("bad", "verdict", "code"),
        [
            (record(outcome=Outcome.LOST), Verdict.CONSERVATION_BROKEN, ExitCode.CONSERVATION),
            (record(destination_versions=2), Verdict.CONSERVATION_BROKEN, ExitCode.CONSERVATION),
            (record(corrupted=True), Verdict.CONSERVATION_BROKEN, ExitCode.CONSERVATION),
            (record(outcome=Outcome.NOT_STARTED), Verdict.INCONCLUSIVE, ExitCode.INCONCLUSIVE),
            (record(started_at=T0 + 5), Verdict.INCONCLUSIVE, ExitCode.INCONCLUSIVE),
            (record(outcome=Outcome.FAILED), Verdict.FAILED, ExitCode.THRESHOLD),
            (record(outcome=Outcome.DLQ), Verdict.FAILED, ExitCode.THRESHOLD),
            (record(outcome=Outcome.UPLOAD_FAILED), Verdict.FAILED, ExitCode.THRESHOLD),
            (record(outcome=Outcome.ABORTED), Verdict.FAILED, ExitCode.THRESHOLD),
            (record(outcome=Outcome.IN_FLIGHT), Verdict.FAILED, ExitCode.THRESHOLD),
            (record(outcome=Outcome.SUPERSEDED), Verdict.PASSED, ExitCode.PASSED),
        ],
    )
    def test_one_bad_file_decides(self, bad: FileRecord, verdict: Verdict, code: ExitCode) -> None:
        decision = decide(settled(*clean().records, bad))
        assert (decision.verdict, decision.exit_code) == (verdict, code)
        assert bool(decision.reasons) == (code is not ExitCode.PASSED)

    def test_a_scenario_may_allow_failures(self) -> None:
        settlement = settled(record(), record(outcome=Outcome.FAILED), record(outcome=Outcome.DLQ))
        assert decide(settlement, allowed=Allowed(failed=1, dlq=1)).exit_code is ExitCode.PASSED
        assert decide(settlement, allowed=Allowed(failed=1)).exit_code is ExitCode.THRESHOLD

    def test_nothing_offered_is_inconclusive(self) -> None:
        assert decide(settled()).exit_code is ExitCode.INCONCLUSIVE

    def test_unchecked_bytes_are_inconclusive(self) -> None:
        assert decide(replace(clean(), verified=9)).exit_code is ExitCode.INCONCLUSIVE

    @pytest.mark.parametrize("text", ["end_to_end.p99 < 1ms", "queue_wait.p99 < 1s"])
    def test_a_threshold_breached_or_without_samples_fails(self, text: str) -> None:
        settlement = replace(clean(), latency_ms={**clean().latency_ms, "queue_wait": Latency(0)})
        decision = decide(settlement, evaluate(parse_thresholds([text]), settlement))
        assert (decision.verdict, decision.exit_code) == (Verdict.FAILED, ExitCode.THRESHOLD)
        assert text in decision.reasons[0]

    def test_a_breached_lag_threshold_means_that_the_generator_was_the_limit(self) -> None:
        results = evaluate(parse_thresholds(["lag.p99 < 5ms"]), clean())
        assert decide(clean(), results).exit_code is ExitCode.INCONCLUSIVE

    @pytest.mark.parametrize(
        ("sustained", "failed", "verdict"),
        [(10.0, 20.0, Verdict.PASSED), (10.0, None, Verdict.INCONCLUSIVE), (None, 5.0, Verdict.INCONCLUSIVE)],
    )
    def test_above_a_knee_that_was_found_the_generator_may_be_late(
        self, sustained: float | None, failed: float | None, verdict: Verdict
    ) -> None:
        late = replace(clean(), latency_ms={**clean().latency_ms, "lag": Latency(10, p99=8000.0)})
        assert decide(late).verdict is Verdict.INCONCLUSIVE
        knee = {"sustained_per_s": sustained, "first_failed_per_s": failed}
        assert decide(late, knee=knee).verdict is verdict

    def test_a_load_that_its_only_worker_left_says_nothing_unless_the_stack_was_lost_first(self) -> None:
        left = Generator([Worker("1", 10, 1.0, 1.0, "signal")])
        settlement = replace(clean(), generator=left)
        decision = decide(settlement)
        assert (decision.verdict, decision.generator_was_limit) == (Verdict.INCONCLUSIVE, True)
        assert decision.reasons == ["load worker 1 of 1 stopped early (signal)"]
        assert decide(settlement, stack_lost="the engine has died").reasons == ["the engine has died"]

    def test_the_worst_wins_and_all_reasons_are_told(self) -> None:
        settlement = settled(record(outcome=Outcome.LOST), record(outcome=Outcome.FAILED))
        decision = decide(settlement, interrupted=True, stack_lost="the engine has died")
        assert (decision.verdict, decision.exit_code) == (Verdict.INTERRUPTED, ExitCode.INTERRUPTED)
        assert len(decision.reasons) == 4
        lost = decide(settlement, stack_lost="the engine has died")
        assert (lost.verdict, lost.exit_code) == (Verdict.ERROR, ExitCode.STACK_LOST)


def test_conservation_flags_files_that_nobody_accounts_for() -> None:
    counts = conservation.count([record(), record(outcome=Outcome.ABORTED)])
    assert conservation.problems(counts, offered=2, uploaded=1) == []
    assert conservation.problems(counts, offered=3, uploaded=1) == [
        "3 files were offered, but 1 + 1 uploaded are accounted for"
    ]
    assert "2 files were uploaded, but 1 have an outcome" in conservation.problems(
        counts, offered=3, uploaded=2
    )


def test_a_rate_is_a_mean_over_its_window() -> None:
    assert Rate(1.0, 2.0).files_per_day == 172_800
    assert Timeline().backlog == []
