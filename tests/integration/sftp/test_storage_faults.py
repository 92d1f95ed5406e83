"""S3 that refuses, fails or is slow: the client is told, nothing half is left, nobody else is disturbed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sftp.clients import paramiko_sftp, sftp
from tests.integration.sftp.conftest import MakeFrontEnd
from tests.integration.sftp.front_end import FrontEnd, until

pytestmark = pytest.mark.integration

MIB = 1024 * 1024


def _with_fault(make_front_end: MakeFrontEnd, fault: str, **settings: Any) -> FrontEnd:
    return make_front_end(
        module="tests.integration.sftp.faulty_server", arguments=(fault,), settings=settings
    )


@pytest.mark.parametrize(
    ("fault", "size_bytes", "said"),
    [
        ("PutIsDenied", 10, "Permission denied"),
        ("PutIsThrottled", 10, "Failure"),
        ("SecondPartFails", 16 * MIB, "Failure"),
        ("CompletionFails", 6 * MIB, "Failure"),
    ],
)
def test_a_failed_upload_is_told_and_leaves_nothing(
    make_front_end: MakeFrontEnd, here: Path, s3: Any, bucket: str, fault: str, size_bytes: int, said: str
) -> None:
    front_end = _with_fault(make_front_end, fault)
    (here / "f").write_bytes(b"x" * size_bytes)
    result = sftp(front_end, f"put f {fault}\n", cwd=here)
    assert result.returncode != 0
    assert said in result.stderr
    key = f"alice/{fault}"
    (line,) = front_end.uploads()
    assert (line["event"], line["key"]) == ("aborted", key)
    until("no part is left", lambda: "Uploads" not in s3.list_multipart_uploads(Bucket=bucket, Prefix=key))
    assert "Versions" not in s3.list_object_versions(Bucket=bucket, Prefix=key)
    errors = until("ERROR line", lambda: [x for x in front_end.log_lines() if x["activity-type"] == "ERROR"])
    assert errors[-1]["operation"] in ("CLOSE", "WRITE")


def test_slow_parts_hold_the_client_back_and_not_the_memory(make_front_end: MakeFrontEnd, here: Path) -> None:
    front_end = _with_fault(make_front_end, "PartsAreSlow")
    (here / "warm").write_bytes(b"x" * 6 * MIB)
    assert sftp(front_end, "put warm\n", cwd=here).returncode == 0
    before = front_end.rss_bytes()
    with (here / "f").open("wb") as file:
        file.truncate(100 * MIB)
    assert sftp(front_end, "put f slow\n", cwd=here).returncode == 0
    assert front_end.rss_bytes() - before < 64 * MIB
    assert front_end.uploads("closed")[-1]["size_bytes"] == 100 * MIB


def test_one_session_that_waits_for_s3_does_not_stop_another(make_front_end: MakeFrontEnd) -> None:
    front_end = _with_fault(make_front_end, "PartsNeverAnswer", drain_timeout_s=0.0)
    with paramiko_sftp(front_end) as stuck, paramiko_sftp(front_end) as other:
        file = stuck.open("stuck", "wb")
        file.set_pipelined(True)
        file.write(b"x" * 6 * MIB)
        other.open("free", "w").close()
        assert other.stat("free").st_size == 0
    assert [line["key"] for line in front_end.uploads("closed")] == ["alice/free"]


def test_s3_that_cannot_be_reached_fails_every_operation_and_no_session(
    make_front_end: MakeFrontEnd, localstack: Any
) -> None:
    nowhere = {**localstack.to_json(), "endpoint_url": "http://127.0.0.1:1"}
    front_end = make_front_end(settings={"engine": nowhere})
    with paramiko_sftp(front_end) as client:
        calls: list[Callable[[], object]] = [
            lambda: client.stat("x"),
            lambda: client.listdir("/"),
            lambda: client.open("x"),
            lambda: client.remove("x"),
            lambda: client.mkdir("x"),
            lambda: client.rename("x", "y"),
        ]
        for call in calls:
            with pytest.raises(OSError, match="not available"):
                call()
        client.open("x", "w").close()
        assert client.normalize("/a/../b") == "/b"
    (line,) = front_end.uploads()
    assert line["event"] == "aborted"
    assert "StorageBusyError" in line["reason"]
