"""Clients that vanish in the middle of an upload leave nothing behind but a line in the journal."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sftp.clients import paramiko_transport, ssh_options
from tests.integration.sftp.front_end import FrontEnd, clean_environment, until

pytestmark = pytest.mark.integration

MIB = 1024 * 1024


def _assert_nothing_is_left(front_end: FrontEnd, s3: Any, bucket: str, key: str) -> dict[str, Any]:
    (line,) = until(
        "the journal tells the abort", lambda: [x for x in front_end.uploads("aborted") if x["key"] == key]
    )
    until("no part is left", lambda: "Uploads" not in s3.list_multipart_uploads(Bucket=bucket, Prefix=key))
    assert "Versions" not in s3.list_object_versions(Bucket=bucket, Prefix=key)
    assert not [x for x in front_end.uploads("closed") if x["key"] == key]
    return line  # type: ignore[no-any-return]


@pytest.mark.parametrize("sent_bytes", [0, 1, 40_000, 5 * MIB, 5 * MIB + 1, 11 * MIB])
def test_cut_at_many_points(front_end: FrontEnd, s3: Any, bucket: str, sent_bytes: int) -> None:
    """The connection is dropped with the file still open."""
    name = f"cut-at-{sent_bytes}"
    with paramiko_transport(front_end) as transport:
        client = transport.open_sftp_client()
        assert client is not None
        file = client.open(name, "wb")
        file.set_pipelined(True)
        for start in range(0, sent_bytes, MIB):
            file.write(os.urandom(min(MIB, sent_bytes - start)))
        client.normalize(".")  # its answer tells that the server has taken all that was sent before
        transport.sock.close()
        line = _assert_nothing_is_left(front_end, s3, bucket, f"alice/{name}")
    assert line["size_bytes"] == sent_bytes
    assert line["user"] == "alice"


def test_only_the_channel_is_closed(front_end: FrontEnd, s3: Any, bucket: str) -> None:
    with paramiko_transport(front_end) as transport:
        client = transport.open_sftp_client()
        assert client is not None
        file = client.open("channel-closed", "wb")
        file.write(b"x" * 100)
        client.close()
        _assert_nothing_is_left(front_end, s3, bucket, "alice/channel-closed")


def test_openssh_killed_in_the_middle(front_end: FrontEnd, here: Path, s3: Any, bucket: str) -> None:
    with (here / "big").open("wb") as file:
        file.truncate(200 * MIB)
    login = front_end.login()
    client = subprocess.Popen(
        ["sftp", "-q", "-l", "160000", "-b", "-", *ssh_options(front_end, login), "alice@127.0.0.1"],
        stdin=subprocess.PIPE,
        cwd=here,
        env=clean_environment(),
        start_new_session=True,
    )
    try:
        assert client.stdin is not None
        client.stdin.write(b"put big killed\n")
        client.stdin.close()
        until("parts are in S3", lambda: "Uploads" in s3.list_multipart_uploads(Bucket=bucket))
    finally:
        client.kill()
        client.wait()
    line = _assert_nothing_is_left(front_end, s3, bucket, "alice/killed")
    assert 5 * MIB <= line["size_bytes"] < 200 * MIB


def test_an_older_version_stays_when_its_replacement_breaks(
    front_end: FrontEnd, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="alice/replaced", Body=b"old")
    with paramiko_transport(front_end) as transport:
        client = transport.open_sftp_client()
        assert client is not None
        file = client.open("replaced", "wb")
        file.write(b"new")
        transport.sock.close()
        until("aborted", lambda: [x for x in front_end.uploads("aborted") if x["key"] == "alice/replaced"])
    assert s3.get_object(Bucket=bucket, Key="alice/replaced")["Body"].read() == b"old"


def test_the_session_log_tells_a_partial_close(front_end: FrontEnd, bucket: str) -> None:
    with paramiko_transport(front_end) as transport:
        client = transport.open_sftp_client()
        assert client is not None
        file = client.open("partial", "wb")  # held, because paramiko closes files that nobody holds
        file.write(b"x" * 4096)
        transport.sock.close()
        (line,) = until(
            "PARTIAL_CLOSE",
            lambda: [
                x
                for x in front_end.log_lines()
                if x["activity-type"] == "PARTIAL_CLOSE" and x["path"] == f"/{bucket}/alice/partial"
            ],
        )
    assert line["bytes-in"] == "4096"
