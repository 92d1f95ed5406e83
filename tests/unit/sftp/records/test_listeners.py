"""Metrics and workflow triggers: what follows from a session's reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.engines.base import EngineInfo
from harness.exceptions import AwsError
from harness.sftp.records.events import Failure, Happening, SessionInfo
from harness.sftp.records.metrics import MetricsOutlet, Traffic, count, data_of
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


class Noting(MetricsOutlet):
    """Keeps what it would publish; refuses while `refusing` is set."""

    def __init__(self) -> None:
        self.is_open = False
        self.refusing = False
        self.published: list[dict[str, float]] = []
        engine = EngineInfo("fake", "host", "1", "http://127.0.0.1:1")
        super().__init__(engine, SERVER_ID, 300.0, lambda: self.is_open)

    def publish(self, data: list[dict[str, Any]]) -> None:
        if self.refusing:
            raise AwsError("not now", code="ServiceUnavailable")
        self.published.append({datum["MetricName"]: datum["Value"] for datum in data})


NOTHING = {"FilesIn": 0.0, "FilesOut": 0.0, "BytesIn": 0.0, "BytesOut": 0.0}


def test_metrics_are_0_while_a_session_is_idle_and_absent_without_one() -> None:
    outlet = Noting()
    outlet.turn()
    assert outlet.published == []
    outlet.is_open = True
    outlet.turn()
    assert outlet.published == [NOTHING]


def test_what_moved_is_published_once_also_when_the_session_has_gone() -> None:
    outlet = Noting()
    outlet.hear(_upload(5))
    outlet.turn()
    outlet.turn()
    assert outlet.published == [{**NOTHING, "FilesIn": 1.0, "BytesIn": 5.0}]


def test_metrics_that_are_refused_are_counted_and_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    outlet = Noting()
    outlet.is_open = outlet.refusing = True
    outlet.turn()
    outlet.turn()
    assert outlet.dropped == 2
    assert capsys.readouterr().err.count("metrics are not delivered") == 1


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
