"""Rows have their end where no state of a machine could write it, and an end that they have is believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from harness.faults import client as faults
from harness.faults.grammar import parse
from tests.integration.workflow.machines import Upload, Workflow, wait_until
from tests.unit.pipeline.template_variants import variant

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", autouse=True)
def rule(workflow: Workflow) -> Iterator[None]:
    """The template's rule, for the machines of these tests."""
    found = variant({"Route": "direct"}).of_type("Events::Rule")["FailedExecutionsRule"]
    pattern = json.loads(json.dumps(found["EventPattern"]))
    pattern["detail"]["stateMachineArn"] = [
        {"prefix": f"arn:aws:states:us-east-1:000000000000:stateMachine:{workflow.name}-"}
    ]
    events, name = workflow.events, f"{workflow.name}-failed"
    answer = events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "notify", "Arn": workflow.functions["Notify"]}])
    workflow.lambda_.add_permission(
        FunctionName=workflow.functions["Notify"],
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=answer["RuleArn"],
    )
    yield
    events.remove_targets(Rule=name, Ids=["notify"])
    events.delete_rule(Name=name)


@contextmanager
def fault(workflow: Workflow, text: str) -> Iterator[None]:
    faults.apply(workflow.engine, parse([text]))
    try:
        yield
    finally:
        faults.clear(workflow.engine)


def failed_row(workflow: Workflow, upload: Upload) -> dict[str, Any]:
    done = lambda: workflow.row(upload).get("status") == "failed"  # noqa: E731
    wait_until(done, lambda: f"{workflow.row(upload)}")
    return workflow.row(upload)


def test_a_function_that_dies_in_every_try_leaves_a_failed_row(workflow: Workflow) -> None:
    upload = workflow.put("deadly.csv")
    machine = workflow.machine("transfer-file", topic=workflow.topic + "-none")
    with fault(workflow, "lambda.copy:kill@100%"):
        execution = workflow.run(machine, upload.event)
    assert execution["status"] == "FAILED"
    row = failed_row(workflow, upload)
    assert (row["error_type"], row["claimed_by"]) == (execution["error"], execution["executionArn"])
    message = workflow.message_about(upload.key)
    assert (message["status"], message["error"]) == ("Failed", execution["error"])
    assert workflow.delivered(upload.key) == []


@pytest.mark.parametrize("definition", ["transfer-file", "parent-nested"])
def test_an_execution_that_is_stopped_leaves_a_failed_row(workflow: Workflow, definition: str) -> None:
    """Its function is throttled, so that there is not even a row."""
    upload = workflow.put("stopped.csv")
    first = "copy" if definition == "transfer-file" else "validate"
    with fault(workflow, f"lambda.{first}:throttle@100%"):
        arn = workflow.start(workflow.machine(definition), upload.event)
        wait_until(lambda: workflow.states(arn), lambda: "it does not begin")
        workflow.sfn.stop_execution(executionArn=arn)
        row = failed_row(workflow, upload)
    assert (row["error_type"], row["claimed_by"]) == ("ExecutionAborted", arn)


def test_an_execution_whose_time_is_over_leaves_a_failed_row(workflow: Workflow) -> None:
    upload = workflow.put("late.csv")
    with fault(workflow, "lambda.copy:throttle@100%"):
        execution = workflow.run(workflow.machine("transfer-file", timeout_s=2), upload.event)
    assert execution["status"] == "TIMED_OUT"
    assert failed_row(workflow, upload)["error_type"] in ("ExecutionTimedOut", "States.Timeout")


def test_a_function_that_dies_after_its_work_does_not_fail_the_file(workflow: Workflow) -> None:
    upload = workflow.put("delivered.csv")
    machine = workflow.machine("parent-nested", functions={"Upload": workflow.dying("upload")})
    execution = workflow.run(machine, upload.event)
    assert workflow.states(execution["executionArn"])[-1] == "HandledBeforeTheError"
    assert execution["status"] == "SUCCEEDED"
    assert json.loads(execution["output"])["status"] == "Success"
    assert workflow.row(upload)["status"] == "transferred"
    assert len(workflow.delivered(upload.key)) == 1
    assert workflow.message_about(upload.key)["status"] == "Success"


def test_a_child_that_had_failed_already_fails_its_parent(workflow: Workflow) -> None:
    upload = workflow.put("hidden.csv")
    machine = workflow.machine("parent-nested")
    ended = workflow.run(f"{machine}-child", {}, name=f"{upload.file_id}-1")
    assert ended["status"] == "FAILED"
    execution = workflow.run(machine, upload.event)
    assert execution["status"] == "FAILED", execution
    row = workflow.row(upload)
    assert (row["status"], "ExecutionAlreadyExists" in row["error_type"]) == ("failed", True)
    assert workflow.delivered(upload.key) == []


def test_a_function_that_dies_after_the_claim_is_tried_again_by_its_execution(workflow: Workflow) -> None:
    upload = workflow.put("again.csv")
    machine = workflow.machine("parent-nested", functions={"Validate": workflow.dying("validate")})
    execution = workflow.run(machine, upload.event)
    assert execution["status"] == "SUCCEEDED", execution
    row = workflow.row(upload)
    assert (row["status"], row["claimed_by"], row["attempts"]) == (
        "transferred",
        execution["executionArn"],
        "2",
    )
    assert len(workflow.delivered(upload.key)) == 1
