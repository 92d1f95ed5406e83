"""The process itself: configuration, ports, signals, parents, logs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness import aws
from harness.engines.base import EngineInfo
from tests.integration.sftp.clients import paramiko_sftp, sftp
from tests.integration.sftp.conftest import MakeFrontEnd
from tests.integration.sftp.front_end import PROJECT, FrontEnd, until

pytestmark = pytest.mark.integration


def _run(config_file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness.sftp", str(config_file)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_bad_configuration_is_refused_with_every_problem(front_end: FrontEnd, tmp_path: Path) -> None:
    wrong = {**front_end.config(), "server_id": "nonsense", "part_size_bytes": 1, "colour": "blue"}
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    result = _run(tmp_path / "wrong.json")
    assert result.returncode == 2
    for word in ("server_id", "part_size_bytes", "colour"):
        assert word in result.stderr
    assert "Traceback" not in result.stderr


def test_a_port_that_is_taken_is_told(front_end: FrontEnd, tmp_path: Path) -> None:
    config = {**front_end.config(), "port": front_end.port, "ready_file": str(tmp_path / "ready.json")}
    (tmp_path / "config.json").write_text(json.dumps(config))
    result = _run(tmp_path / "config.json")
    assert result.returncode == 3
    assert str(front_end.port) in result.stderr
    assert not (tmp_path / "ready.json").exists()


def test_the_host_key_stays_the_same_after_a_restart(make_front_end: MakeFrontEnd) -> None:
    front_end = make_front_end()
    first = json.loads(front_end.ready_file.read_text())["host_key_fingerprint"]
    assert (front_end.folder / "host_key").stat().st_mode & 0o777 == 0o600
    assert front_end.stop() == 0
    front_end.start()
    assert json.loads(front_end.ready_file.read_text())["host_key_fingerprint"] == first


def test_sigterm_lets_an_open_upload_finish(make_front_end: MakeFrontEnd, s3: Any, bucket: str) -> None:
    front_end = make_front_end()
    assert front_end.process is not None
    with paramiko_sftp(front_end) as client:
        file = client.open("drained", "wb")
        file.write(b"before")
        front_end.terminate()
        until("no new upload is taken", lambda: _is_refused(client))
        file.write(b" and after")
        file.close()
        assert front_end.process.wait(20) == 0
    assert s3.get_object(Bucket=bucket, Key="alice/drained")["Body"].read() == b"before and after"
    drained = [line["event"] for line in front_end.uploads() if line["key"] == "alice/drained"]
    assert drained == ["closed"]


def _is_refused(client: Any) -> bool:
    """Opens for reading are still answered while the server drains; opens for writing are not."""
    try:
        client.open("too-late", "wx").close()
    except OSError as exc:
        return "stopping" in str(exc)
    client.remove("too-late")
    return False


def test_sigterm_ends_an_upload_that_takes_too_long(
    make_front_end: MakeFrontEnd, s3: Any, bucket: str
) -> None:
    front_end = make_front_end(settings={"drain_timeout_s": 0.2})
    with paramiko_sftp(front_end) as client:
        file = client.open("overdue", "wb")
        file.set_pipelined(True)
        file.write(b"x" * 6 * 1024 * 1024)
        until("a part is sent", lambda: "Uploads" in s3.list_multipart_uploads(Bucket=bucket))
        assert front_end.stop() == 0
    (line,) = front_end.uploads()
    assert (line["event"], line["reason"]) == ("aborted", "the server was stopped")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket, Prefix="alice/overdue")
    assert "Versions" not in s3.list_object_versions(Bucket=bucket, Prefix="alice/overdue")


def test_sigterm_in_the_middle_of_a_put_keeps_object_and_journal_together(
    make_front_end: MakeFrontEnd, s3: Any, bucket: str
) -> None:
    front_end = make_front_end(module="tests.integration.sftp.faulty_server", arguments=("PutsAreSlow",))
    key_file = str(front_end.login().key_file)
    put_one = [sys.executable, "-m", "tests.integration.sftp.put_one"]
    client = subprocess.Popen([*put_one, str(front_end.port), key_file, "in-the-middle"], cwd=PROJECT)
    try:
        until("CLOSE is on its way", lambda: _is_open(front_end))
        assert front_end.stop() == 0
    finally:
        client.wait(20)
    version = s3.head_object(Bucket=bucket, Key="alice/in-the-middle")["VersionId"]
    assert [line["version_id"] for line in front_end.uploads("closed")] == [version]


def _is_open(front_end: FrontEnd) -> bool:
    return any(line["activity-type"] == "OPEN" for line in front_end.log_lines())


def test_sigint_does_not_stop_it(front_end: FrontEnd, here: Path) -> None:
    assert front_end.process is not None
    os.kill(front_end.process.pid, signal.SIGINT)
    assert sftp(front_end, "ls\n", cwd=here).returncode == 0


def test_it_ends_with_the_parent_it_was_given(make_front_end: MakeFrontEnd) -> None:
    parent = subprocess.Popen(["sleep", "300"])
    try:
        front_end = make_front_end(settings={"exit_with_parent": parent.pid})
    finally:
        parent.kill()
        parent.wait()
    assert front_end.process is not None
    assert front_end.process.wait(20) == 0


def test_the_session_log_reaches_cloudwatch(
    make_front_end: MakeFrontEnd, localstack: EngineInfo, here: Path, bucket: str
) -> None:
    logs = aws.client("logs", localstack)
    group = f"/aws/transfer/{bucket}"
    logs.create_log_group(logGroupName=group)
    front_end = make_front_end(settings={"log_group": group, "log_interval_s": 0.2})
    (here / "f").write_text("12345")
    assert sftp(front_end, "put f logged\n", cwd=here).returncode == 0
    assert front_end.stop() == 0
    (stream,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    lines = [json.loads(event["message"]) for event in events]
    assert [line["activity-type"] for line in lines] == ["CONNECTED", "OPEN", "CLOSE", "DISCONNECTED"]
    assert stream["logStreamName"] == f"alice.{lines[0]['session-id']}"
    arn = lines[0]["resource-arn"]
    session = {"resource-arn": arn, "session-id": lines[0]["session-id"]}
    path = f"/{bucket}/alice/logged"
    assert lines[1] == {"mode": "CREATE|TRUNCATE|WRITE", "path": path, "activity-type": "OPEN", **session}
    assert lines[2] == {"path": path, "activity-type": "CLOSE", "bytes-in": "5", **session}
    assert lines[3] == {"activity-type": "DISCONNECTED", **session}


def test_a_log_group_that_does_not_exist_disturbs_nobody(make_front_end: MakeFrontEnd, here: Path) -> None:
    front_end = make_front_end(settings={"log_group": "/nowhere", "log_interval_s": 0.1})
    (here / "f").write_text("1")
    assert sftp(front_end, "put f\nls\n", cwd=here).returncode == 0
    until("the loss is told", lambda: "/nowhere" in front_end.log_file.read_text())
    assert front_end.stop() == 0
    assert "dropped" in front_end.log_file.read_text()
