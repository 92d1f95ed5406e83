"""Shapes against the samples of
https://docs.aws.amazon.com/transfer/latest/userguide/events-detail-reference.html: a download that failed, an
upload that completed (FTP there), a file deleted, a file renamed, a folder made. AWS shows none of
other events; what we take those to be is told in `harness/sftp/records/README.md`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.sftp.records import events
from harness.sftp.records.events import Happening, SessionInfo
from harness.sftp.records.listeners import Listeners
from harness.sftp.records.server import ServerRecords
from harness.sftp.records.session import SessionRecords
from harness.sftp.session_log import Line, ServerLog

pytestmark = pytest.mark.unit

SERVER_ID = "s-1111aaaa2222bbbb3"
ARN = f"arn:aws:transfer:us-east-1:958412138249:server/{SERVER_ID}"
STARTED_AT = 1706545902.462088
ABOUT = SessionInfo("9ca9a0e1cec6ad9d0000", "test", "10.0.0.141")
PATH = "/amzn-s3-demo-bucket/test/1mb_file"

UPLOAD_COMPLETED = """{
    "status-code": "COMPLETED", "protocol": "SFTP", "bytes": 1048576, "client-ip": "10.0.0.141",
    "end-timestamp": "2024-01-29T16:31:43.311866045Z", "etag": "b6d81b360a5672d80c27430f39153e2c",
    "file-path": "/amzn-s3-demo-bucket/test/1mb_file", "server-id": "s-1111aaaa2222bbbb3", "username": "test",
    "session-id": "9ca9a0e1cec6ad9d0000", "start-timestamp": "2024-01-29T16:31:42.462088108Z"
}"""
DOWNLOAD_FAILED = """{
    "failure-code": "PARTIAL_DOWNLOAD", "status-code": "FAILED", "protocol": "SFTP", "bytes": 4100,
    "client-ip": "10.0.0.141", "failure-message": "File was partially downloaded.",
    "end-timestamp": "2024-01-29T16:31:43.311866045Z",
    "file-path": "/amzn-s3-demo-bucket/test/1mb_file", "server-id": "s-1111aaaa2222bbbb3", "username": "test",
    "session-id": "9ca9a0e1cec6ad9d0000", "start-timestamp": "2024-01-29T16:31:42.462088108Z"
}"""
"""AWS's samples with one session, file and protocol for both, and with times that a float can hold."""


@pytest.fixture
def told() -> list[Happening]:
    return []


@pytest.fixture
def lines() -> list[Line]:
    return []


@pytest.fixture
def session(told: list[Happening], lines: list[Line], monkeypatch: pytest.MonkeyPatch) -> SessionRecords:
    monkeypatch.setattr("harness.clock.now", lambda: 1706545903.311866)
    log = ServerLog(lambda _stream, line: lines.append(line), ARN)
    records = ServerRecords(log, Listeners(told.append)).session(ABOUT)
    records.transfer_began()
    return records


def _detail(happening: Happening) -> dict[str, Any]:
    return events.detail(happening, SERVER_ID)


def test_a_completed_upload_is_awss_sample_to_the_field(
    session: SessionRecords, told: list[Happening]
) -> None:
    etag = "b6d81b360a5672d80c27430f39153e2c"
    session.upload_completed(PATH, size_bytes=1048576, etag=etag, version_id="v", started_at=STARTED_AT)
    entry = events.entry(told[0], SERVER_ID, ARN)
    assert list(json.loads(entry.pop("Detail")).items()) == list(json.loads(UPLOAD_COMPLETED).items())
    assert entry == {
        "Source": "aws.transfer",
        "DetailType": "SFTP Server File Upload Completed",
        "Resources": [ARN],
        "Time": 1706545903,
    }


def test_a_partial_download_is_awss_sample_to_the_field(
    session: SessionRecords, told: list[Happening]
) -> None:
    session.download_failed(
        PATH,
        size_bytes=4100,
        failure_code="PARTIAL_DOWNLOAD",
        message="File was partially downloaded.",
        started_at=STARTED_AT,
    )
    assert events.detail_type(told[0]) == "SFTP Server File Download Failed"
    assert list(_detail(told[0]).items()) == list(json.loads(DOWNLOAD_FAILED).items())


def test_a_partial_upload_that_was_kept_has_its_etag(session: SessionRecords, told: list[Happening]) -> None:
    session.upload_failed(
        PATH,
        size_bytes=7,
        failure_code="PARTIAL_UPLOAD",
        message="File was partially uploaded.",
        started_at=STARTED_AT,
        etag="e",
    )
    detail = _detail(told[0])
    assert events.detail_type(told[0]) == "SFTP Server File Upload Failed"
    assert {name: detail[name] for name in ("failure-code", "status-code", "bytes", "etag")} == {
        "failure-code": "PARTIAL_UPLOAD",
        "status-code": "FAILED",
        "bytes": 7,
        "etag": "e",
    }


def test_the_last_line_of_a_session_waits_for_its_transfers(
    session: SessionRecords, lines: list[Line]
) -> None:
    session.transfer_began()
    session.download_completed(PATH, size_bytes=1, started_at=STARTED_AT)
    session.disconnected()
    session.upload_failed(
        PATH, size_bytes=7, failure_code="PARTIAL_UPLOAD", message="", started_at=STARTED_AT, etag="e"
    )
    assert [line["activity-type"] for line in lines] == ["CLOSE", "PARTIAL_CLOSE", "DISCONNECTED"]


def test_the_last_line_of_a_session_waits_for_the_request_under_way(
    session: SessionRecords, lines: list[Line]
) -> None:
    session.channel_began()
    session.download_completed(PATH, size_bytes=1, started_at=STARTED_AT)
    session.disconnected()
    session.directory_created(PATH, started_at=STARTED_AT)
    session.channel_ended()
    assert [line["activity-type"] for line in lines] == ["CLOSE", "MKDIR", "DISCONNECTED"]


COMMON = {
    "status-code": "COMPLETED",
    "protocol": "SFTP",
    "client-ip": "10.0.0.141",
    "end-timestamp": "2024-01-29T16:31:43.311866045Z",
    "server-id": SERVER_ID,
    "username": "test",
    "session-id": "9ca9a0e1cec6ad9d0000",
    "start-timestamp": "2024-01-29T16:31:42.462088108Z",
}


@pytest.mark.parametrize(
    ("method", "paths", "subject", "fields"),
    [
        ("deleted", ["/b/k"], "File Delete", {"file-path": "/b/k"}),
        (
            "renamed",
            ["/b/old", "/b/new"],
            "File Rename",
            {"original-file-path": "/b/old", "renamed-file-path": "/b/new"},
        ),
        ("directory_created", ["/b/d"], "Directory Create", {"directory-path": "/b/d"}),
        ("directory_deleted", ["/b/d"], "Directory Delete", {"directory-path": "/b/d"}),
    ],
)
def test_other_events(
    session: SessionRecords,
    told: list[Happening],
    lines: list[Line],
    method: str,
    paths: list[str],
    subject: str,
    fields: dict[str, str],
) -> None:
    getattr(session, method)(*paths, started_at=STARTED_AT)
    getattr(session, method)(*paths, started_at=STARTED_AT, error="Access denied")
    completed, failed = told
    assert events.detail_type(completed) == f"SFTP Server {subject} Completed"
    assert events.detail_type(failed) == f"SFTP Server {subject} Failed"
    assert _detail(completed) == {**COMMON, **fields}
    assert _detail(failed) == {
        **COMMON,
        **fields,
        "status-code": "FAILED",
        "failure-code": "UNKNOWN_ERROR",
        "failure-message": "Access denied",
    }
    activity = lines[0]["activity-type"]
    assert [line["activity-type"] for line in lines] == [activity, activity, "ERROR"]
    assert (lines[2]["operation"], lines[2]["message"]) == (activity, "Access denied")


@pytest.mark.parametrize("protocol", ["FTPS", "FTP"])
def test_the_other_protocols_have_their_own_events(protocol: events.Protocol) -> None:
    session = SessionInfo("1", "test", "10.0.0.141", protocol)
    happening = Happening("File Upload", session, ("/b/k",), 1.0, 2.0, size_bytes=1)
    assert events.detail_type(happening) == f"{protocol} Server File Upload Completed"
    assert _detail(happening)["protocol"] == protocol


@pytest.mark.parametrize(
    ("epoch_s", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000000000Z"),
        (1.000000001, "1970-01-01T00:00:01.000000001Z"),
        (1706545903.5, "2024-01-29T16:31:43.500000000Z"),
        (0.9999999999, "1970-01-01T00:00:00.999999999Z"),
    ],
)
def test_nanoseconds(epoch_s: float, text: str) -> None:
    assert events.to_nanoseconds(epoch_s) == text
