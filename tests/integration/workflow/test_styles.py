"""Every definition delivers a file, and does so in the states that its style has."""

from __future__ import annotations

import gzip
import hashlib
import json

import pytest

from tests.integration.workflow.machines import Workflow

pytestmark = pytest.mark.integration

PARENTS = {
    "parent-nested": ["Validate", "Transfer", "Notify"],
    "parent-nested-express": ["Validate", "Transfer", "ChildSucceeded", "Notify"],
    "parent-flat": ["Validate", "Download", "Route", "Upload", "Notify"],
    "parent-mixed": ["Validate", "Download", "Transfer", "Notify"],
    "parent-mixed-express": ["Validate", "Download", "Transfer", "ChildSucceeded", "Notify"],
}


@pytest.mark.parametrize("style", PARENTS)
def test_a_file_is_delivered_recorded_and_announced(workflow: Workflow, style: str) -> None:
    body = b"name,size\nx,1\n"
    upload = workflow.put("report.csv", body)
    execution = workflow.run(workflow.machine(style), upload.event)
    assert execution["status"] == "SUCCEEDED", execution
    assert workflow.states(execution["executionArn"]) == PARENTS[style]
    (version,) = workflow.delivered(upload.key)
    row = workflow.row(upload)
    assert (row["status"], row["attempts"]) == ("transferred", "1")
    assert row["destination_version_id"] == version["VersionId"]
    assert row["claimed_by"] == execution["executionArn"]
    assert row["sha256"] == hashlib.sha256(body).hexdigest()
    message = workflow.message_about(upload.key)
    assert (message["status"], message["file_id"]) == ("Success", upload.file_id)
    result = json.loads(execution["output"])
    told = json.loads(result) if isinstance(result, str) else result
    assert told["message"] == f"File {upload.key} copied successfully"


def test_the_child_is_named_after_file_and_attempt(workflow: Workflow) -> None:
    upload = workflow.put("named.csv")
    machine = workflow.machine("parent-nested")
    assert workflow.run(machine, upload.event)["status"] == "SUCCEEDED"
    child = machine.replace(":stateMachine:", ":execution:") + f"-child:{upload.file_id}-1"
    assert workflow.states(child) == ["Download", "Route", "Upload"]


@pytest.mark.parametrize("style", ["parent-nested", "parent-flat", "parent-mixed-express"])
def test_gzip_is_delivered_compressed_under_the_same_key(workflow: Workflow, style: str) -> None:
    body = b"a,b\n" + b"1,2\n" * 5000
    upload = workflow.put("big.csv", body, ContentType="text/csv", Metadata={"owner": "x"})
    execution = workflow.run(workflow.machine(style, "gzip"), upload.event)
    assert execution["status"] == "SUCCEEDED", execution
    found = workflow.s3.get_object(Bucket=workflow.destination, Key=upload.key)
    assert gzip.decompress(found["Body"].read()) == body
    assert (found["ContentEncoding"], found["ContentType"], found["Metadata"]) == (
        "gzip",
        "text/csv",
        {"owner": "x"},
    )
    tags = workflow.s3.get_object_tagging(Bucket=workflow.destination, Key=upload.key)["TagSet"]
    assert [tag["Value"].partition(":")[0] for tag in tags] == [upload.file_id]
    assert workflow.row(upload)["sha256"] == hashlib.sha256(body).hexdigest()


def test_csv_rows_are_counted(workflow: Workflow) -> None:
    upload = workflow.put("rows.csv", b'a,b\n1,"x\ny"\n2,z\n')
    assert workflow.run(workflow.machine("parent-flat", "csv"), upload.event)["status"] == "SUCCEEDED"
    assert workflow.row(upload)["row_count"] == "2"


def test_a_file_of_another_name_passes_the_csv_check(workflow: Workflow) -> None:
    upload = workflow.put("notes.txt", b"no table")
    execution = workflow.run(workflow.machine("parent-flat", "csv"), upload.event)
    assert workflow.states(execution["executionArn"]) == PARENTS["parent-flat"]


def test_the_input_of_a_pipe_is_taken(workflow: Workflow) -> None:
    upload = workflow.put("piped.csv")
    item = {"customer_id": "c", "file_id": upload.file_id, "event": upload.event}
    assert workflow.run(workflow.machine("parent-nested"), [item])["status"] == "SUCCEEDED"
    assert workflow.row(upload)["status"] == "transferred"
