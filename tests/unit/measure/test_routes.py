"""What differs between routes when files are judged: who can hold them, and what can be known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.exceptions import StackLostError
from harness.measure.executions import Execution, ExecutionView
from harness.measure.function_errors import FunctionErrors
from harness.measure.queues import QueueMessage, QueueView, read
from harness.measure.records import FileRecord, Outcome
from harness.measure.settle import SettleInputs, sees_holders, settle
from harness.measure.settlement import Settlement
from harness.measure.thresholds import evaluate, parse_thresholds
from harness.measure.versions import ObjectVersion
from tests.unit.measure.builders import DESCRIPTION, ENGINE, T0, Fate, World, file_id_of

pytestmark = pytest.mark.unit

DIRECT = replace(
    DESCRIPTION,
    route="direct",
    queues={"undelivered_events": "http://127.0.0.1:1/0/undelivered"},
    state_machines={"transfer_file": "arn:transfer"},
)
WITHOUT_TABLE = replace(DESCRIPTION, table="")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def settled(world: World, description=DESCRIPTION) -> Settlement:
    world.end()
    inputs = SettleInputs(ENGINE, description, world.ledger_dir, world.uploads_file)
    return settle(inputs, wait_s=0, progress=lambda _: None, source=world, pause=lambda _: None)


def only(settlement: Settlement) -> FileRecord:
    (record,) = settlement.records
    return record


def test_a_route_without_a_queue_has_no_stages_of_one(world: World) -> None:
    world.add(Fate.DELIVERED)
    latency_ms = settled(world, DIRECT).latency_ms
    assert [stage for stage, latency in latency_ms.items() if latency is None] == [
        "event_delivery",
        "queue_wait",
        "dispatch",
    ]


def test_a_failed_execution_tells_its_cause_and_its_arn(world: World) -> None:
    world.add(Fate.EXECUTION_FAILED)
    settlement = settled(world, DIRECT)
    record = only(settlement)
    assert (record.outcome, record.cause) == (Outcome.FAILED, "States.Runtime")
    assert f"(arn:{record.file_id})" in (record.error_message or "")
    assert [(failure.stage, failure.cause) for failure in settlement.failures] == [
        ("transfer", "States.Runtime")
    ]


def test_a_claim_joins_file_and_execution(world: World) -> None:
    world.add(Fate.ROW_OPEN)
    (file_id,) = world.table
    world.table[file_id] = replace(world.table[file_id], claimed_by="arn:42")
    world.execute(Execution("arn:42", "some-name", "RUNNING"))
    assert only(settled(world, DIRECT)).cause == "in_execution"


def test_a_redriven_message_goes_before_an_older_execution_that_failed(world: World) -> None:
    world.add(Fate.EXECUTION_FAILED)
    (execution,) = world.machines.executions
    assert execution.about
    world.queued.append(execution.about)
    assert only(settled(world)).cause == "in_work_queue"


def test_a_row_that_nothing_holds_is_lost_and_its_last_error_told(world: World) -> None:
    world.add(Fate.BETWEEN_ATTEMPTS)
    world.queued.clear()
    record = only(settled(world))
    assert (record.outcome, record.cause) == (Outcome.LOST, "not_held")
    assert "says queued" in (record.error_message or "")
    assert "SlowDown: slow" in (record.error_message or "")


def test_executions_that_nobody_looked_through_prove_nothing(world: World) -> None:
    world.add(Fate.ROW_OPEN)
    world.machines = ExecutionView({"parent": {"RUNNING": 20_000}}, (), cut_off=True)
    settlement = settled(world, DIRECT)
    assert only(settlement).outcome is Outcome.IN_FLIGHT
    assert any("lower bounds" in note for note in settlement.notes)


def test_the_last_error_of_the_row_is_the_cause_of_a_dead_letter(world: World) -> None:
    world.add(Fate.ATTEMPTS_USED_UP)
    record = only(settled(world))
    assert (record.outcome, record.cause, record.error_message) == (Outcome.DLQ, "SlowDown", "slow")


@pytest.mark.parametrize(
    ("throttles", "attempts", "cause"),
    [
        (7, None, "Throttled"),
        (7, 0, "Throttled"),
        (0, None, "no_failure_recorded"),
        (7, 1, "no_failure_recorded"),
    ],
)
def test_throttling_is_named_where_no_function_has_begun(
    world: World, throttles: int, attempts: int | None, cause: str
) -> None:
    ledger_id = world.add(Fate.DLQ)
    (message,) = world.dead
    file_id = file_id_of(message.key or "", f"v-{ledger_id}")
    if attempts is not None:
        world.row(file_id, "queued", T0, attempts=attempts, handler_started_at=None, handler_ended_at=None)
    world.throttled = throttles
    record = only(settled(world))
    assert record.cause == cause
    assert ("MaximumConcurrency" in (record.error_message or "")) == (cause == "Throttled")


BAD_IMPORT = FunctionErrors("worker", "Runtime.ImportModuleError", 3, "No module named 'x'")
TIMED_OUT = FunctionErrors("worker", "timeout", 1)


@pytest.mark.parametrize(
    ("errors", "cause"),
    [((BAD_IMPORT,), "Runtime.ImportModuleError"), ((BAD_IMPORT, TIMED_OUT), "no_failure_recorded")],
)
def test_what_all_functions_ended_in_is_the_cause_of_a_dead_letter_without_a_row(
    world: World, errors: tuple[FunctionErrors, ...], cause: str
) -> None:
    world.add(Fate.DLQ)
    world.errors = errors
    record = only(settled(world))
    assert (record.outcome, record.cause) == (Outcome.DLQ, cause)
    assert str(BAD_IMPORT) in (record.error_message or "")


@pytest.mark.parametrize("can_peek", [True, False])
def test_of_a_message_that_waits_is_told_what_functions_ended_in(world: World, can_peek: bool) -> None:
    world.add(Fate.IN_QUEUE)
    world.errors, world.can_peek = (BAD_IMPORT,), can_peek
    record = only(settled(world))
    assert record.outcome is Outcome.IN_FLIGHT
    assert str(BAD_IMPORT) in (record.error_message or "")


class WithoutLogs(World):
    """Everything can be read but the functions' logs."""

    def function_errors(self, since: float) -> tuple[FunctionErrors, ...]:
        raise StackLostError("reading the log group timed out")


def test_logs_that_cannot_be_read_cost_no_settlement(tmp_path: Path) -> None:
    world = WithoutLogs(tmp_path)
    for fate in (Fate.DELIVERED, Fate.IN_QUEUE):
        world.add(fate)
    assert [record.cause for record in settled(world).records] == [None, "in_work_queue"]


def test_functions_are_not_asked_about_files_whose_rows_tell(world: World) -> None:
    world.add(Fate.BETWEEN_ATTEMPTS)
    world.errors = (BAD_IMPORT,)
    record = only(settled(world))
    assert (record.outcome, record.cause) == (Outcome.IN_FLIGHT, "in_work_queue")
    assert (record.error_message or "").endswith("its last error was SlowDown: slow")


def test_an_event_that_reached_no_target_is_a_dead_letter(world: World) -> None:
    world.add(Fate.UNDELIVERED)
    record = only(settled(world, DIRECT))
    assert (record.outcome, record.cause) == (Outcome.DLQ, "event_undelivered")
    assert "NO_PERMISSIONS: not allowed" in (record.error_message or "")


def test_eventbridge_says_why_in_the_messages_attributes() -> None:
    body = '{"detail": {"object": {"key": "k", "version-id": "v"}}}'
    attributes = {"ERROR_CODE": {"StringValue": "SDK_CLIENT_ERROR"}, "ERROR_MESSAGE": {"StringValue": "gone"}}
    message = {"MessageId": "1", "Body": body, "MessageAttributes": attributes}
    assert read(message) == QueueMessage("k", "v", "SDK_CLIENT_ERROR: gone")


def test_the_recorders_dead_letters_are_a_note(world: World) -> None:
    world.add(Fate.DELIVERED)
    world.not_recorded = 3
    assert any(note.startswith("3 events ended in the recorder") for note in settled(world).notes)


def test_attempts_and_redrives_are_counted(world: World) -> None:
    for attempts, redrives in ((1, 0), (3, 0), (2, 1)):
        world.add(Fate.DELIVERED)
        file_id = list(world.table)[-1]
        world.table[file_id] = replace(world.table[file_id], attempts=attempts, redrives=redrives)
    found = settled(world).attempts
    assert (found.retried, found.most, found.redriven) == (2, 3, 1)


class TestAPipelineWithoutATable:
    def test_is_judged_by_the_destination(self, world: World) -> None:
        world.add(Fate.DELIVERED_ROWLESS)
        settlement = settled(world, WITHOUT_TABLE)
        assert (only(settlement).outcome, only(settlement).cause) == (Outcome.DELIVERED, None)
        assert settlement.conservation_ok
        assert any("no table" in note for note in settlement.notes)
        assert not any("without a row" in note for note in settlement.notes)

    def test_claims_no_speed_that_it_cannot_know(self, world: World) -> None:
        for _ in range(3):
            world.add(Fate.DELIVERED_ROWLESS)
        settlement = settled(world, WITHOUT_TABLE)
        judged = evaluate(
            parse_thresholds(["rate.delivered > 0/s", "backlog.slope <= 0", "end_to_end.p99 < 1h"]),
            settlement,
        )
        assert [result.verdict for result in judged] == ["no_samples"] * 3
        assert settlement.rate.offered_per_s is not None

    def test_never_calls_a_file_lost_or_delivered_that_is_not_there(self, world: World) -> None:
        world.add(Fate.LOST)
        settlement = settled(world, WITHOUT_TABLE)
        assert (only(settlement).outcome, only(settlement).cause) == (Outcome.IN_FLIGHT, "not_at_destination")
        assert settlement.conservation_ok

    def test_still_finds_dead_letters_and_duplicates(self, world: World) -> None:
        world.add(Fate.DLQ)
        world.add(Fate.DELIVERED_TWICE)
        settlement = settled(world, WITHOUT_TABLE)
        assert [record.outcome for record in settlement.records] == [Outcome.DLQ, Outcome.DELIVERED]
        assert settlement.counts["duplicated"] == 1


@pytest.mark.parametrize(
    ("queues", "machines", "sees"),
    [
        ({"work": "w", "dlq": "d"}, {}, True),
        ({"work": "w"}, {}, False),
        ({}, {}, False),
        ({"undelivered_events": "u"}, {"parent": "p"}, True),
        ({"ingress": "i", "dlq": "d"}, {"parent": "p"}, True),
    ],
)
def test_a_template_must_export_what_can_hold_files(
    queues: dict[str, str], machines: dict[str, str], sees: bool
) -> None:
    assert sees_holders(replace(DESCRIPTION, queues=queues, state_machines=machines)) is sees


def test_without_the_dead_letter_queue_nothing_is_called_lost(world: World) -> None:
    world.add(Fate.LOST)
    blind = replace(DESCRIPTION, queues={"work": "w"})
    assert only(settled(world, blind)).cause == "holders_unknown"


def test_two_queues_are_looked_at_as_one() -> None:
    known, counted = QueueView(1, [QueueMessage("a", "1")]), QueueView(2)
    assert (known + known).depth == 2
    assert len((known + known).messages or ()) == 2
    assert known + counted == QueueView(3, None)


def test_a_version_that_could_not_be_unpacked_is_corrupted(world: World) -> None:
    world.add(Fate.DELIVERED)
    (versions,) = world.at_destination.values()
    versions[0] = replace(versions[0], damage="it is torn")
    assert isinstance(versions[0], ObjectVersion)
    record = only(settled(world))
    assert record.corrupted
    assert "it is torn" in (record.error_message or "")


@pytest.mark.parametrize(("listed", "told"), [(1, True), (2, False)])
def test_executions_that_an_engine_has_forgotten_are_told(world: World, listed: int, told: bool) -> None:
    world.add(Fate.DELIVERED)
    world.add(Fate.DELIVERED)
    world.machines = ExecutionView({"transfer_file": {"SUCCEEDED": listed}}, ())
    notes = settled(world, DIRECT).notes
    assert any("lower bounds" in note for note in notes) is told
