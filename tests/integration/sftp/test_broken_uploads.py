"""Clients that vanish in the middle of an upload, on a real S3. Cuts at any byte are in
`test_partial_uploads.py`.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sftp.clients import paramiko_transport, ssh_options
from tests.integration.sftp.conftest import MakeFrontEnd
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


@pytest.mark.parametrize("sent_bytes", [0, 40_000, 5 * MIB + 1])
def test_discarded_leaves_nothing(front_end: FrontEnd, s3: Any, bucket: str, sent_bytes: int) -> None:
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


@pytest.fixture(scope="module")
def keeping(make_front_end: MakeFrontEnd) -> FrontEnd:
    return make_front_end(settings={"partial_upload": "keep"})


@pytest.mark.parametrize("sent_bytes", [0, 40_000, 11 * MIB])
def test_kept_is_an_object_that_the_journal_calls_partial(
    keeping: FrontEnd, s3: Any, bucket: str, sent_bytes: int
) -> None:
    name, content = f"kept-{sent_bytes}", os.urandom(sent_bytes)
    with paramiko_transport(keeping) as transport:
        client = transport.open_sftp_client()
        assert client is not None
        file = client.open(name, "wb")
        file.set_pipelined(True)
        file.write(content)
        client.normalize(".")
        transport.sock.close()
        (line,) = until("it ended", lambda: [x for x in keeping.uploads() if x["key"] == f"alice/{name}"])
    stored = s3.get_object(Bucket=bucket, Key=f"alice/{name}")
    assert stored["Body"].read() == content
    assert (line["event"], line["size_bytes"]) == ("partial", sent_bytes)
    assert (line["version_id"], line["etag"]) == (stored["VersionId"], stored["ETag"].strip('"'))
    assert stored["Metadata"]["user-agent"] == "AWSTransfer"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket, Prefix=f"alice/{name}")


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
