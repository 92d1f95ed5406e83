"""One key, two uploads: the destination ends with the newer one, whatever the order of events and copies."""

from __future__ import annotations

import json

import pytest

from tests.integration.workflow.machines import Upload, Workflow, wait_until

pytestmark = pytest.mark.integration

WAYS = ["transfer-file", "parent-nested", "parent-flat"]


def two_uploads(workflow: Workflow) -> tuple[Upload, Upload]:
    older = workflow.put("same.csv", b"a,b\n1,1\n")
    return older, workflow.put_again(older.key, b"a,b\n2,2\n")


def content(workflow: Workflow, upload: Upload) -> bytes:
    return bytes(workflow.s3.get_object(Bucket=workflow.destination, Key=upload.key)["Body"].read())


@pytest.mark.parametrize("definition", WAYS)
def test_an_older_upload_that_comes_later_does_not_replace_a_newer_one(
    workflow: Workflow, definition: str
) -> None:
    older, newer = two_uploads(workflow)
    machine = workflow.machine(definition)
    ends = [workflow.run(machine, upload.event) for upload in (newer, older)]
    assert [json.loads(end["output"])["status"] for end in ends] == ["Success", "Superseded"]
    assert [workflow.row(upload)["status"] for upload in (newer, older)] == ["transferred", "superseded"]
    assert content(workflow, newer) == b"a,b\n2,2\n"
    assert len(workflow.delivered(newer.key)) == 1


@pytest.mark.parametrize("definition", WAYS)
def test_two_uploads_of_one_key_at_once_have_a_row_and_a_result_each(
    workflow: Workflow, definition: str
) -> None:
    uploads = two_uploads(workflow)
    machine = workflow.machine(definition)
    given = [upload.event for upload in uploads for _ in range(2)]
    arns = [workflow.start(machine, event) for event in given]
    for arn in arns:
        ended = wait_until(lambda arn=arn: workflow.ended(arn), lambda: "no end")  # type: ignore[misc]
        assert ended["status"] == "SUCCEEDED", ended
    older, newer = (workflow.row(upload) for upload in uploads)
    assert newer["status"] == "transferred"
    assert older["status"] in ("transferred", "superseded")
    assert content(workflow, uploads[1]) == b"a,b\n2,2\n"
    delivered = workflow.delivered(uploads[1].key)
    assert len(delivered) == [older["status"], newer["status"]].count("transferred")
