"""How executions end that do not simply deliver: refusals, failures, duplicates, vanished sources."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.workflow.machines import MAX_SIZE_BYTES, Upload, Workflow, wait_until

pytestmark = pytest.mark.integration

REFUSED: dict[str, dict[str, Any]] = {
    "EmptyName": {"name": " ", "body": b"x"},
    "InvalidName": {"name": "a\tb.csv", "body": b"x"},
    "DisallowedType": {"name": "tool.exe", "body": b"x"},
    "TooLarge": {"name": "big.csv", "body": b"a,b\n" * (MAX_SIZE_BYTES // 4 + 1)},
    "ChecksumMismatch": {"name": "torn.csv", "body": b"a,b\n", "Metadata": {"sha256": "0" * 64}},
    "CsvInvalid": {"name": "ragged.csv", "body": b"a,b\n1\n"},
}


def assert_failed(workflow: Workflow, upload: Upload, execution: dict[str, Any], error: str) -> None:
    """Execution, row and message tell the same; the source is kept, nothing is at the destination."""
    assert (execution["status"], execution["error"]) == ("FAILED", error), execution
    row = workflow.row(upload)
    assert (row["status"], row["error_type"]) == ("failed", error)
    assert row["error_message"] == execution["cause"]
    assert workflow.delivered(upload.key) == []
    workflow.s3.head_object(Bucket=workflow.source, Key=upload.key, VersionId=upload.version_id)
    message = workflow.message_about(upload.key)
    assert (message["status"], message["error"]) == ("Failed", error)


@pytest.mark.parametrize("error", REFUSED)
def test_a_refusal_is_recorded_and_announced(workflow: Workflow, error: str) -> None:
    upload = workflow.put(**REFUSED[error])
    execution = workflow.run(workflow.machine("parent-nested", "csv"), upload.event)
    assert_failed(workflow, upload, execution, error)


@pytest.mark.parametrize("style", ["parent-flat", "parent-mixed", "parent-nested-express"])
def test_content_that_is_not_allowed_is_refused_in_every_style(workflow: Workflow, style: str) -> None:
    upload = workflow.put("report.csv", b"%PDF-1.7 not a table")
    execution = workflow.run(workflow.machine(style), upload.event)
    assert_failed(workflow, upload, execution, "DisallowedType")
    assert "application/pdf" in execution["cause"]


def test_an_express_child_that_fails_fails_its_parent_with_its_own_error(workflow: Workflow) -> None:
    upload = workflow.put("ragged.csv", b"a,b\n1\n")
    execution = workflow.run(workflow.machine("parent-mixed-express", "csv"), upload.event)
    assert_failed(workflow, upload, execution, "CsvInvalid")


def test_histories_of_parent_and_failed_child_can_be_read(workflow: Workflow) -> None:
    upload = workflow.put("ragged.csv", b"a,b\n1\n")
    machine = workflow.machine("parent-nested", "csv")
    execution = workflow.run(machine, upload.event)
    parent = execution["executionArn"]
    assert workflow.states(parent) == ["Validate", "Transfer", "RecordFailure", "HasFailed", "Failed"]
    child = machine.replace(":stateMachine:", ":execution:") + f"-child:{upload.file_id}-1"
    assert workflow.states(child) == ["Download", "Route", "Process"]
    described = workflow.sfn.describe_execution(executionArn=child)
    assert described["error"] == "CsvInvalidError"
    assert json.loads(described["cause"])["errorMessage"] == workflow.row(upload)["error_message"]


def test_a_duplicate_event_starts_nothing(workflow: Workflow) -> None:
    upload = workflow.put("twice.csv")
    machine = workflow.machine("parent-nested")
    arns = [workflow.start(machine, upload.event) for _ in range(3)]
    for arn in arns:
        ended = wait_until(lambda arn=arn: workflow.ended(arn), lambda: "no end")  # type: ignore[misc]
        assert ended["status"] == "SUCCEEDED"
    ends = sorted(workflow.states(arn)[-1] for arn in arns)
    assert ends == ["NothingToDo", "NothingToDo", "Notify"]
    assert len(workflow.delivered(upload.key)) == 1
    assert workflow.row(upload)["attempts"] == "1"


def test_a_failed_file_is_tried_again_only_when_asked(workflow: Workflow) -> None:
    upload = workflow.put("late.csv")
    machine = workflow.machine("parent-nested")
    name = workflow.functions["Upload"].rsplit(":", 1)[-1]
    right = workflow.lambda_.get_function_configuration(FunctionName=name)["Environment"]
    wrong = {"Variables": {**right["Variables"], "DESTINATION_BUCKET": "no-such-bucket"}}
    configure(workflow, name, wrong)
    try:
        execution = workflow.run(machine, upload.event)
    finally:
        configure(workflow, name, right)
    assert_failed(workflow, upload, execution, "NoSuchBucket")
    again = workflow.run(machine, upload.event)
    assert workflow.states(again["executionArn"]) == ["Validate", "NothingToDo"]
    redriven = workflow.run(machine, {**upload.event, "redrive": True})
    assert redriven["status"] == "SUCCEEDED", redriven
    row = workflow.row(upload)
    assert (row["status"], row["redrives"]) == ("transferred", "1")
    assert "error_type" not in row
    assert len(workflow.delivered(upload.key)) == 1


def configure(workflow: Workflow, name: str, environment: Any) -> None:
    workflow.lambda_.update_function_configuration(FunctionName=name, Environment=environment)
    waiter = workflow.lambda_.get_waiter("function_updated_v2")
    waiter.wait(FunctionName=name, WaiterConfig={"Delay": 1})


def test_a_source_that_has_vanished_is_superseded(workflow: Workflow) -> None:
    upload = workflow.put("gone.csv")
    workflow.s3.delete_object(Bucket=workflow.source, Key=upload.key, VersionId=upload.version_id)
    execution = workflow.run(workflow.machine("parent-nested"), upload.event)
    assert execution["status"] == "SUCCEEDED"
    assert json.loads(execution["output"])["status"] == "Superseded"
    assert workflow.row(upload)["status"] == "superseded"


def test_an_input_that_is_no_upload_fails_without_a_row(workflow: Workflow) -> None:
    execution = workflow.run(workflow.machine("parent-nested"), {"hello": "world"})
    assert (execution["status"], execution["error"]) == ("FAILED", "MalformedEvent")


def test_a_message_that_cannot_be_sent_does_no_harm(workflow: Workflow) -> None:
    upload = workflow.put("unannounced.csv")
    missing = workflow.topic + "-missing"
    execution = workflow.run(workflow.machine("parent-nested", topic=missing), upload.event)
    assert execution["status"] == "SUCCEEDED"
    assert workflow.states(execution["executionArn"])[-1] == "TransferredUnannounced"
    assert workflow.row(upload)["status"] == "transferred"


def test_a_throttled_function_is_tried_again(workflow: Workflow) -> None:
    upload = workflow.put("patient.csv")
    name = workflow.functions["Validate"].rsplit(":", 1)[-1]
    workflow.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        arn = workflow.start(workflow.machine("parent-nested"), upload.event)
        wait_until(lambda: throttled(workflow, arn), lambda: f"{workflow.states(arn)}")
    finally:
        workflow.lambda_.delete_function_concurrency(FunctionName=name)
    ended = wait_until(lambda: workflow.ended(arn), lambda: f"{workflow.states(arn)}")
    assert ended["status"] == "SUCCEEDED", ended


def throttled(workflow: Workflow, arn: str) -> bool:
    events = workflow.sfn.get_execution_history(executionArn=arn)["events"]
    errors = [event.get("taskFailedEventDetails", {}).get("error") for event in events]
    return "Lambda.TooManyRequestsException" in errors
