"""The destination refuses: row, execution and message say why, and the alarm on failed executions fires."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from harness.aws import client
from harness.faults import client as faults
from harness.faults.grammar import parse
from tests.integration.workflow.machines import Workflow, wait_until
from tests.integration.workflow.test_ends import assert_failed
from tests.unit.pipeline.template_variants import targets, variant

pytestmark = pytest.mark.integration


@pytest.fixture
def alarm(workflow: Workflow) -> Iterator[str]:
    """The template's alarm on the executions of a parent, with its message to the inbox of the tests."""
    properties = variant({"Route": "nested"}).of_type("CloudWatch::Alarm")["FailedExecutionsAlarm"]
    assert list(targets(properties["AlarmActions"])) == ["AlarmsTopic"]
    queries = [query_for(query, workflow.machine("parent-nested")) for query in properties["Metrics"]]
    kept = ("EvaluationPeriods", "Threshold", "ComparisonOperator", "TreatMissingData")
    cloudwatch, name = client("cloudwatch", workflow.engine), f"{workflow.name}-failed-executions"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Metrics=queries,
        AlarmActions=[workflow.topic],
        **{key: properties[key] for key in kept if key in properties},
    )
    yield name
    cloudwatch.delete_alarms(AlarmNames=[name])


def query_for(query: dict[str, Any], machine: str) -> dict[str, Any]:
    """Return a metric query of the template that watches this machine and its child."""
    text = json.dumps(query)
    for logical_id in ("ParentStateMachine", "ChildStateMachine"):
        arn = machine if logical_id.startswith("Parent") else f"{machine}-child"
        text = text.replace(json.dumps({"Ref": logical_id}), json.dumps(arn))
    filled: dict[str, Any] = json.loads(text)
    return filled


def test_what_the_destination_refuses_fails_with_its_cause_and_raises_the_alarm(
    workflow: Workflow, alarm: str
) -> None:
    upload = workflow.put("refused.csv")
    faults.apply(workflow.engine, parse([f"s3.CopyObject[{workflow.destination}]:AccessDenied@100%"]))
    try:
        execution = workflow.run(workflow.machine("parent-nested"), upload.event)
    finally:
        faults.clear(workflow.engine)
    assert_failed(workflow, upload, execution, "AccessDenied")
    message = wait_until(lambda: heard(workflow, alarm), lambda: "no message of the alarm")
    assert message["NewStateValue"] == "ALARM"


def heard(workflow: Workflow, alarm: str) -> dict[str, Any] | None:
    return next((body for body in workflow.heard() if body.get("AlarmName") == alarm), None)
