"""Metrics and workflow triggers: what follows from a session's reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.sftp.records.events import Failure, Happening, SessionInfo
from harness.sftp.records.metrics import Traffic, count, data_of
from harness.sftp.records.triggers import TriggersFile, triggered
from harness.transfer.model import WorkflowTrigger, WorkflowTriggers

pytestmark = pytest.mark.unit

SERVER_ID = "s-0123456789abcdef0"
ABOUT = SessionInfo("session", "alice")
PARTIAL = Failure("PARTIAL_UPLOAD", "File was partially uploaded.")
WHOLE_WORKFLOW = WorkflowTrigger(WorkflowId="w-11111111111111111", ExecutionRole="arn:aws:iam::1:role/w")
PARTIAL_WORKFLOW = WorkflowTrigger(WorkflowId="w-22222222222222222", ExecutionRole="arn:aws:iam::1:role/w")
WORKFLOWS = WorkflowTriggers(OnUpload=(WHOLE_WORKFLOW,), OnPartialUpload=(PARTIAL_WORKFLOW,))


def _upload(size_bytes: int = 5, failure: Failure | None = None, etag: str | None = "e") -> Happening:
    return Happening("File Upload", ABOUT, ("/b/a/k",), 1.0, 2.0, failure, size_bytes, etag, "v")


def test_what_counts_as_traffic() -> None:
    traffic = Traffic()
    count(traffic, _upload(5))
    count(traffic, _upload(3, PARTIAL))
    count(traffic, Happening("File Download", ABOUT, ("/b/k",), 1.0, 2.0, size_bytes=7))
    count(traffic, Happening("File Delete", ABOUT, ("/b/k",), 1.0, 2.0))
    assert traffic == Traffic(FilesIn=1, FilesOut=1, BytesIn=8, BytesOut=7)


def test_metrics_are_by_server_and_zeros_are_sent() -> None:
    data = data_of(Traffic(FilesIn=2), SERVER_ID, 10.0)
    assert {datum["MetricName"]: datum["Value"] for datum in data} == {
        "FilesIn": 2.0,
        "FilesOut": 0.0,
        "BytesIn": 0.0,
        "BytesOut": 0.0,
    }
    for datum in data:
        assert datum["Dimensions"] == [{"Name": "ServerId", "Value": SERVER_ID}]
        assert datum["Unit"] == "Count"


@pytest.mark.parametrize(
    ("happening", "expected"),
    [
        (_upload(), [WHOLE_WORKFLOW]),
        (_upload(failure=PARTIAL), [PARTIAL_WORKFLOW]),
        (_upload(0), []),
        (_upload(0, PARTIAL), []),
        (_upload(failure=PARTIAL, etag=None), []),
        (_upload(failure=Failure("UNKNOWN_ERROR", "Access denied"), etag=None), []),
        (Happening("File Download", ABOUT, ("/b/k",), 1.0, 2.0, size_bytes=7), []),
    ],
)
def test_which_uploads_start_a_workflow(happening: Happening, expected: list[WorkflowTrigger]) -> None:
    assert list(triggered(happening, WORKFLOWS)) == expected


def test_a_trigger_is_one_line(tmp_path: Path) -> None:
    TriggersFile(tmp_path / "triggers.jsonl", WORKFLOWS, SERVER_ID).hear(_upload())
    (line,) = (tmp_path / "triggers.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "workflow_id": WHOLE_WORKFLOW.WorkflowId,
        "execution_role": WHOLE_WORKFLOW.ExecutionRole,
        "kind": "OnUpload",
        "server_id": SERVER_ID,
        "user_name": "alice",
        "session_id": "session",
        "bucket": "b",
        "key": "a/k",
        "etag": "e",
        "version_id": "v",
    }


def test_a_full_disk_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    TriggersFile(Path("/dev/full"), WORKFLOWS, SERVER_ID).hear(_upload())
    assert "a workflow is not started" in capsys.readouterr().err
