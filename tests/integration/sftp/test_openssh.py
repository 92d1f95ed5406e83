"""OpenSSH's sftp against the front end on a real S3."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sftp.clients import sftp
from tests.integration.sftp.front_end import SERVER_ID, FrontEnd
from tests.integration.sftp.in_memory import InMemory

pytestmark = pytest.mark.integration

ODD_NAMES = [
    "with space.csv",
    "plus+plus.csv",
    "percent%41%2f.csv",
    "%2e%2e",
    "quote'single.csv",
    "ampersand&=?#.csv",
    "emoji-😀.csv",
    "combining-e\u0301.csv",
    "...",
    "semi;colon,and~tilde.csv",
    "x" * 200,
]


def test_a_file_goes_up_and_comes_back_unchanged(front_end: FrontEnd, here: Path) -> None:
    content = os.urandom(70_000)
    (here / "a.bin").write_bytes(content)
    result = sftp(front_end, "mkdir up\nput a.bin up/a.bin\nget up/a.bin b.bin\nls -l up\n", cwd=here)
    assert result.returncode == 0, result.stderr
    assert (here / "b.bin").read_bytes() == content
    assert "70000" in result.stdout


def test_the_object_has_the_metadata_of_transfer_and_a_journal_line(
    front_end: FrontEnd, here: Path, s3: Any, bucket: str
) -> None:
    (here / "m.csv").write_text("1,2\n")
    assert sftp(front_end, "put m.csv meta.csv\n", cwd=here).returncode == 0
    head = s3.head_object(Bucket=bucket, Key="alice/meta.csv")
    assert head["Metadata"] == {"user-agent": "AWSTransfer", "user-agent-id": f"alice@{SERVER_ID}"}
    (line,) = [line for line in front_end.uploads("closed") if line["key"] == "alice/meta.csv"]
    assert line["version_id"] == head["VersionId"]
    assert line["etag"] == hashlib.md5(b"1,2\n").hexdigest()
    assert (line["user"], line["bucket"], line["size_bytes"]) == ("alice", bucket, 4)
    assert len(line["session_id"]) == 20


def test_an_empty_file_is_an_object(front_end: FrontEnd, here: Path, s3: Any, bucket: str) -> None:
    (here / "empty").touch()
    assert sftp(front_end, "put empty\nget empty back\n", cwd=here).returncode == 0
    assert s3.head_object(Bucket=bucket, Key="alice/empty")["ContentLength"] == 0
    assert (here / "back").read_bytes() == b""


def test_a_large_file_goes_up_in_parts(front_end: FrontEnd, here: Path, s3: Any, bucket: str) -> None:
    content = os.urandom(17 * 1024 * 1024 + 3)
    (here / "large").write_bytes(content)
    result = sftp(front_end, "put large\nget large again\n", cwd=here)
    assert result.returncode == 0, result.stderr
    assert (here / "again").read_bytes() == content
    head = s3.head_object(Bucket=bucket, Key="alice/large")
    assert head["ETag"].strip('"').endswith("-4")
    assert head["Metadata"]["user-agent"] == "AWSTransfer"
    (line,) = [line for line in front_end.uploads("closed") if line["key"] == "alice/large"]
    assert line["version_id"] == head["VersionId"]


def test_a_file_of_exactly_one_part_is_put_at_once(
    front_end: FrontEnd, here: Path, s3: Any, bucket: str
) -> None:
    (here / "one-part").write_bytes(b"x" * (5 * 1024 * 1024))
    assert sftp(front_end, "put one-part\n", cwd=here).returncode == 0
    assert "-" not in s3.head_object(Bucket=bucket, Key="alice/one-part")["ETag"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_kept_byte_for_byte(
    front_end: FrontEnd, here: Path, s3: Any, bucket: str, name: str
) -> None:
    (here / "src").write_text(name)
    quoted = '"' + name + '"'
    batch = f"put src {quoted}\nls -1\nget {quoted} back\nrename {quoted} moved\nrm moved\n"
    # OpenSSH reads `?`, `*` and `[` as patterns; none of the names has one that matches another name.
    result = sftp(front_end, f"-mkdir odd\ncd odd\n{batch}", cwd=here)
    assert result.returncode == 0, result.stderr
    assert (here / "back").read_text() == name
    versions = s3.list_object_versions(Bucket=bucket, Prefix="alice/odd/")["Versions"]
    assert f"alice/odd/{name}" in {version["Key"] for version in versions}


def test_listing_shows_files_folders_and_sizes(front_end: FrontEnd, here: Path) -> None:
    (here / "f").write_text("12345")
    batch = "mkdir ls\ncd ls\nput f one\nmkdir sub\nput f sub/two\nls -l\n"
    result = sftp(front_end, batch, cwd=here)
    assert result.returncode == 0, result.stderr
    lines = [line for line in result.stdout.splitlines() if line.startswith(("-rw", "drw"))]
    assert [line.split()[-1] for line in lines] == ["one", "sub"]
    assert lines[0].startswith("-rw-r--r--")
    assert "5" in lines[0].split()
    assert lines[1].startswith("drwxr-xr-x")


def test_folders_come_and_go(front_end: FrontEnd, here: Path, s3: Any, bucket: str) -> None:
    (here / "f").write_text("1")
    assert sftp(front_end, "mkdir d\nput f d/f\n", cwd=here).returncode == 0
    assert s3.head_object(Bucket=bucket, Key="alice/d/")["ContentLength"] == 0
    full = sftp(front_end, "rmdir d\n", cwd=here)
    assert full.returncode != 0
    assert "Failure" in full.stderr
    assert sftp(front_end, "rm d/f\nrmdir d\n", cwd=here).returncode == 0
    gone = sftp(front_end, "ls d\n", cwd=here)
    assert gone.returncode != 0
    assert "not found" in gone.stderr


def test_a_folder_without_a_marker_is_a_folder(front_end: FrontEnd, here: Path, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="alice/implied/deep/file", Body=b"1")
    result = sftp(front_end, "cd implied/deep\npwd\nls -1\n", cwd=here)
    assert result.returncode == 0, result.stderr
    assert "Remote working directory: /implied/deep" in result.stdout
    assert "file" in result.stdout


def test_rename_copies_and_deletes_and_tells_the_journal(
    front_end: FrontEnd, here: Path, s3: Any, bucket: str
) -> None:
    (here / "f").write_text("renamed")
    assert sftp(front_end, "put f r.filepart\nrename r.filepart r.csv\n", cwd=here).returncode == 0
    head = s3.head_object(Bucket=bucket, Key="alice/r.csv")
    assert head["Metadata"]["user-agent"] == "AWSTransfer"
    keys = {entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix="alice/r.")["Contents"]}
    assert keys == {"alice/r.csv"}
    (line,) = [line for line in front_end.uploads("renamed") if line["key"] == "alice/r.csv"]
    assert (line["from_key"], line["version_id"]) == ("alice/r.filepart", head["VersionId"])


def test_put_that_keeps_times_and_modes_still_arrives(
    front_end: FrontEnd, here: Path, s3: Any, bucket: str
) -> None:
    """`put -p` sends FSETSTAT on the open file, which is refused; the upload must not suffer."""
    (here / "f").write_text("kept")
    sftp(front_end, "put -p f preserved\n", cwd=here)
    assert s3.get_object(Bucket=bucket, Key="alice/preserved")["Body"].read() == b"kept"


def test_put_that_wants_fsync_works_without_the_extension(in_memory: InMemory, here: Path) -> None:
    (here / "f").write_text("synced")
    assert sftp(in_memory, "put -f f synced\n", cwd=here).returncode == 0


def test_nothing_above_the_home_can_be_reached(front_end: FrontEnd, here: Path, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="bob.smith/secret", Body=b"bob's")
    s3.put_object(Bucket=bucket, Key="alicia", Body=b"a neighbour whose name begins alike")
    (here / "f").write_text("mine")
    for path in ["../bob.smith/secret", "/../bob.smith/secret", "x/../../bob.smith/secret", "/..//../alicia"]:
        assert sftp(front_end, f"get {path} stolen\n", cwd=here).returncode != 0
        assert not (here / "stolen").exists()
    assert sftp(front_end, "cd ..\ncd ../..\npwd\nput f ../../here\n", cwd=here).returncode == 0
    assert s3.get_object(Bucket=bucket, Key="alice/here")["Body"].read() == b"mine"
