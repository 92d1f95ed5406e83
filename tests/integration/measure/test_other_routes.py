"""Evidence of routes with state machines, of compressed copies and of throttling, on a real engine."""

from __future__ import annotations

import gzip
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from harness import aws
from harness.clock import now
from harness.engines.base import EngineInfo
from harness.measure import throttling
from harness.measure.executions import ExecutionReader
from harness.measure.records import Outcome
from harness.measure.settle import settle
from harness.measure.settlement import Settlement
from tests.integration.measure.pipelines import Pipeline

pytestmark = pytest.mark.integration

FAIL = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "CsvInvalid", "Cause": "row 3 is short"}}}
WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}
PASS = {"StartAt": "Yes", "States": {"Yes": {"Type": "Pass", "End": True}}}


class Machines:
    """State machines of one test, removed afterwards with their executions."""

    def __init__(self, engine: EngineInfo) -> None:
        self.client = aws.client("stepfunctions", engine)
        self.arns: list[str] = []

    def create(self, definition: dict[str, Any]) -> str:
        arn = self.client.create_state_machine(
            name=f"measure-{uuid.uuid4().hex[:8]}",
            definition=json.dumps(definition),
            roleArn="arn:aws:iam::000000000000:role/measure",
        )["stateMachineArn"]
        self.arns.append(arn)
        return str(arn)

    def start(self, arn: str, key: str = "", version_id: str = "", **options: str) -> str:
        event = {
            "detail-type": "Object Created",
            "detail": {"object": {"key": key, "version-id": version_id}},
        }
        started = self.client.start_execution(stateMachineArn=arn, input=json.dumps(event), **options)
        return str(started["executionArn"])

    def until(self, execution: str, status: str) -> None:
        eventually(lambda: self.client.describe_execution(executionArn=execution)["status"] == status)

    def delete(self) -> None:
        for arn in self.arns:
            for item in self.client.list_executions(stateMachineArn=arn, statusFilter="RUNNING")[
                "executions"
            ]:
                self.client.stop_execution(executionArn=item["executionArn"])
            self.client.delete_state_machine(stateMachineArn=arn)


def eventually(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not look():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def settled(
    pipeline: Pipeline, *, wait_s: float = 0.0, pause: Callable[[float], None] = time.sleep, **changes: Any
) -> Settlement:
    """Settle with a description of the stack that is changed like this."""
    pipeline.end()
    inputs = replace(pipeline.inputs(), description=replace(pipeline.description, **changes))
    return settle(inputs, wait_s=wait_s, progress=print, pause=pause)


@pytest.fixture
def machines(localstack: EngineInfo) -> Iterator[Machines]:
    made = Machines(localstack)
    yield made
    made.delete()


def test_executions_tell_what_became_of_files_without_a_row(pipeline: Pipeline, machines: Machines) -> None:
    failing, waiting = machines.create(FAIL), machines.create(WAIT)
    failed, running = pipeline.upload(), pipeline.upload()
    execution = machines.start(failing, *failed)
    machines.until(execution, "FAILED")
    machines.start(waiting, name=pipeline.file_id(*running))
    machines_of_it = {"transfer_file": failing, "parent": waiting}
    settlement = settled(pipeline, route="direct", queues={}, state_machines=machines_of_it)
    assert [(record.outcome, record.cause) for record in settlement.records] == [
        (Outcome.FAILED, "CsvInvalid"),
        (Outcome.IN_FLIGHT, "in_execution"),
    ]
    assert settlement.records[0].error_message == f"row 3 is short ({execution})"
    assert settlement.executions == {"transfer_file": {"FAILED": 1}, "parent": {"RUNNING": 1}}


def test_waiting_ends_when_failed_executions_explain_every_file(
    pipeline: Pipeline, machines: Machines
) -> None:
    failing = machines.create(FAIL)
    failed = pipeline.upload()
    machines.until(machines.start(failing, *failed), "FAILED")
    waits: list[float] = []
    changes = {"route": "direct", "queues": {}, "state_machines": {"transfer_file": failing}}
    settlement = settled(pipeline, wait_s=300, pause=waits.append, **changes)
    assert settlement.counts["failed"] == 1
    assert waits == []


def test_listing_goes_over_pages_and_leaves_out_what_was_before(
    localstack: EngineInfo, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.measure.executions.PAGE_SIZE", 2)
    passing, express = machines.create(PASS), machines.create(PASS)
    machines.until(machines.start(passing), "SUCCEEDED")
    since = now()
    executions = [machines.start(passing) for _ in range(5)]
    for execution in executions:
        machines.until(execution, "SUCCEEDED")
    reader = ExecutionReader(machines.client, {"parent": passing, "child": express})
    assert reader.view(since).counts == {"parent": {"SUCCEEDED": 5}, "child": {}}
    assert not reader.any_running(since)


def test_a_compressed_copy_is_verified_and_a_torn_one_found(pipeline: Pipeline) -> None:
    content = b"a,b,c\n" * 1000
    destination = pipeline.description.buckets["destination"]
    for body in (gzip.compress(content), gzip.compress(content)[:-5]):
        key, version_id = pipeline.upload(content=content)
        put = pipeline.s3.put_object(Bucket=destination, Key=key, Body=body, ContentEncoding="gzip")
        pipeline.row(key, version_id, "transferred", destination_version_id=put["VersionId"])
    settlement = settled(pipeline)
    assert [record.corrupted for record in settlement.records] == [False, True]
    assert "cannot be unpacked" in (settlement.records[1].error_message or "")
    assert settlement.bytes.delivered == 2 * len(content)


def test_throttling_is_the_cause_of_dead_letters_that_no_function_has_seen(pipeline: Pipeline) -> None:
    cloudwatch = aws.client("cloudwatch", pipeline.engine)
    function = f"measure-{uuid.uuid4().hex[:8]}"
    cloudwatch.put_metric_data(
        Namespace="AWS/Lambda",
        MetricData=[
            {
                "MetricName": "Throttles",
                "Dimensions": [{"Name": "FunctionName", "Value": function}],
                "Value": 4,
                "Unit": "Count",
            }
        ],
    )
    eventually(lambda: throttling.count(cloudwatch, [function], now() - 60) == 4)
    assert throttling.count(cloudwatch, ["somebody-else"], now() - 60) == 0
    pipeline.send("dlq", *pipeline.upload())
    settlement = settled(pipeline, functions={"worker": function})
    assert [(record.outcome, record.cause) for record in settlement.records] == [(Outcome.DLQ, "Throttled")]


def test_without_a_table_the_destination_decides(pipeline: Pipeline) -> None:
    copied, missing = pipeline.upload(), pipeline.upload()
    pipeline.copy(*copied)
    settlement = settled(pipeline, wait_s=3, table="")
    assert [record.outcome for record in settlement.records] == [Outcome.DELIVERED, Outcome.IN_FLIGHT]
    assert settlement.records[1].cause == "not_at_destination"
    assert settlement.records[1].version_id == missing[1]
    assert settlement.conservation_ok
