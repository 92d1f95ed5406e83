"""The ways in beside the rule: `transfer-file` by event and by hand, the Starter behind a queue."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.workflow.machines import Upload, Workflow, wait_until

pytestmark = pytest.mark.integration


def by_hand(workflow: Workflow, upload: Upload) -> dict[str, Any]:
    return {"detail": {"bucket": {"name": workflow.source}, "object": {"key": upload.key}}}


def test_transfer_file_copies_what_an_event_tells(workflow: Workflow) -> None:
    upload = workflow.put("direct.csv")
    execution = workflow.run(workflow.machine("transfer-file"), upload.event)
    output = json.loads(execution["output"])
    assert (output["status"], output["message"]) == ("Success", f"File {upload.key} copied successfully")
    history = workflow.sfn.get_execution_history(executionArn=execution["executionArn"])["events"]
    events = [event.get("taskScheduledEventDetails") for event in history]
    (scheduled,) = [event for event in events if event]
    told = json.loads(scheduled["parameters"])["Payload"]
    assert told["source_bucket"] == workflow.source
    assert told["destination_bucket"] == workflow.destination
    assert told["key"] == upload.key
    assert workflow.states(execution["executionArn"]) == ["TransferFile"]
    assert workflow.row(upload)["status"] == "transferred"


def test_transfer_file_can_be_started_by_hand(workflow: Workflow) -> None:
    upload = workflow.put("by-hand.csv")
    execution = workflow.run(workflow.machine("transfer-file"), by_hand(workflow, upload))
    assert json.loads(execution["output"])["status"] == "Success"
    assert workflow.row(upload)["status"] == "transferred"


def test_the_function_takes_the_three_fields(workflow: Workflow) -> None:
    first = workflow.put("thrice.csv", b"one")
    assert copied(workflow, first)["status"] == "Success"
    second = workflow.put_again(first.key, b"two")
    assert copied(workflow, second)["status"] == "Success"
    assert copied(workflow, second)["already_handled"] is True
    assert len(workflow.delivered(first.key)) == 2
    assert {workflow.row(upload)["status"] for upload in (first, second)} == {"transferred"}


def copied(workflow: Workflow, upload: Upload) -> dict[str, Any]:
    task = {
        "source_bucket": workflow.source,
        "destination_bucket": workflow.destination,
        "key": upload.key,
    }
    answer = workflow.lambda_.invoke(FunctionName=workflow.functions["Copy"], Payload=json.dumps(task))
    result: dict[str, Any] = json.loads(answer["Payload"].read())
    return result


def test_transfer_file_records_why_it_failed(workflow: Workflow) -> None:
    upload = workflow.put("lost.csv")
    function, payload = workflow.functions["Copy"], {"key": upload.key, "event": upload.event}
    task = {**payload, "source_bucket": workflow.source, "destination_bucket": "no-such-bucket"}
    answer = workflow.lambda_.invoke(FunctionName=function, Payload=json.dumps(task))
    assert json.loads(answer["Payload"].read())["errorType"] == "PermanentError"
    row = workflow.row(upload)
    assert (row["status"], row["error_type"]) == ("failed", "NoSuchBucket")


def test_the_starter_starts_each_file_once(workflow: Workflow) -> None:
    upload = workflow.put("queued.csv")
    starter = workflow.starter(workflow.machine("parent-nested"))
    mapping = workflow.lambda_.create_event_source_mapping(
        EventSourceArn=workflow.queue_arn(workflow.work),
        FunctionName=starter,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    try:
        for body in (upload.event, upload.event, {"no": "event"}):
            workflow.sqs.send_message(QueueUrl=workflow.work, MessageBody=json.dumps(body))
        name = f"{workflow.machine('parent-nested').rsplit(':', 1)[-1]}:{upload.file_id}"
        arn = f"arn:aws:states:us-east-1:000000000000:execution:{name}"
        done = lambda: workflow.row(upload).get("status") == "transferred"  # noqa: E731
        wait_until(done, lambda: f"{workflow.row(upload)}")
        wait_until(lambda: waiting(workflow) == (0, 1), lambda: f"{waiting(workflow)}")
    finally:
        workflow.lambda_.delete_event_source_mapping(UUID=mapping["UUID"])
    row = workflow.row(upload)
    assert (row["claimed_by"], row["attempts"]) == (arn, "1")
    assert row["queued_at"] <= row["first_received_at"] <= row["processing_at"]


def waiting(workflow: Workflow) -> tuple[int, int]:
    """Return how many messages can be seen, and how many are hidden: the malformed one waits for its next
    try."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = workflow.sqs.get_queue_attributes(QueueUrl=workflow.work, AttributeNames=names)["Attributes"]
    return int(answer[names[0]]), int(answer[names[1]])
