"""Each client does its daily work, and tells its user what Transfer Family refuses. The table of what each
of them can is in `harness/sftp/README.md`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.sftp.clients import curl, lftp, paramiko_sftp, rclone, scp, sftp, sshfs
from tests.integration.sftp.conftest import MakeInMemory
from tests.integration.sftp.front_end import until
from tests.integration.sftp.in_memory import InMemory
from tests.unit.sftp.memory_storage import MemoryStorage

pytestmark = pytest.mark.integration

ODD = "odd ünïcode +%2e&'=;~#.csv"
CONTENT = os.urandom(200_000)


@pytest.fixture
def objects(in_memory: InMemory, here: Path) -> dict[str, bytes]:
    """A server that holds two files, and a client's folder that holds one."""
    (here / "f.bin").write_bytes(CONTENT)
    storage = in_memory.storage
    storage.objects.clear()
    storage.objects |= {"alice/one": b"one", "alice/two": b"two", "alice/full/x": b"x", "alice/empty/": b""}
    return storage.objects


def test_openssh_sftp(in_memory: InMemory, objects: dict[str, bytes], here: Path) -> None:
    name = f'"d/{ODD}"'
    batch = (
        f"mkdir d\nput f.bin {name}\nget {name} back\nrename {name} d/moved\nls -l d\nrm one\nrmdir empty\n"
    )
    result = sftp(in_memory, batch, cwd=here)
    assert result.returncode == 0, result.stderr
    assert (here / "back").read_bytes() == CONTENT
    assert objects == {"alice/d/": b"", "alice/d/moved": CONTENT, "alice/two": b"two", "alice/full/x": b"x"}


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("rename one two", "Failure"),
        ("rename full gone", "Failure"),
        ("rmdir full", "Failure"),
        ("chmod 600 one", "Operation unsupported"),
        ("chown 1 one", "Operation unsupported"),
        ("chgrp 1 one", "Operation unsupported"),
        ("ln -s one link", "Operation unsupported"),
        ("ln one link", "does not support hardlink"),
        ("df", "does not support statvfs"),
        ("reput f.bin one", "Operation unsupported"),
        ("put -a f.bin one", "Operation unsupported"),
        ("rm gone", "No such file"),
        ("rmdir gone", "No such file"),
        ("mkdir full", "Failure"),
        ("get gone", "not found"),
        ("ls gone", "not found"),
        ("cd gone", "No such file"),
    ],
)
def test_openssh_sftp_is_refused(
    in_memory: InMemory, objects: dict[str, bytes], here: Path, command: str, message: str
) -> None:
    before = dict(objects)
    result = sftp(in_memory, f"{command}\n", cwd=here)
    assert result.returncode != 0
    assert message in result.stderr + result.stdout
    assert objects == before


def test_scp_is_refused(in_memory: InMemory, objects: dict[str, bytes], here: Path) -> None:
    result = scp(in_memory, here / "f.bin", "/by-scp", "-O")
    assert result.returncode != 0
    assert "alice/by-scp" not in objects


def test_scp_over_sftp_is_a_put_without_a_mode(
    in_memory: InMemory, objects: dict[str, bytes], here: Path
) -> None:
    """What newer `scp` does when it is not told otherwise."""
    result = scp(in_memory, here / "f.bin", "/by-sftp", "-s")
    assert "remote fsetstat: Operation unsupported" in result.stderr
    assert objects["alice/by-sftp"] == CONTENT


def test_paramiko(in_memory: InMemory, objects: dict[str, bytes], here: Path) -> None:
    with paramiko_sftp(in_memory) as client:
        client.mkdir("d")
        client.put(str(here / "f.bin"), f"d/{ODD}")
        client.get(f"d/{ODD}", str(here / "back"))
        client.rename(f"d/{ODD}", "d/moved")
        assert client.listdir("d") == ["moved"]
        client.remove("one")
        client.rmdir("empty")
        refusals: list[Callable[[], object]] = [
            lambda: client.rename("two", "d/moved"),
            lambda: client.rmdir("d"),
            lambda: client.chmod("two", 0o600),
            lambda: client.chown("two", 1, 1),
            lambda: client.utime("two", (1, 1)),
            lambda: client.truncate("two", 1),
            lambda: client.symlink("two", "link"),
            lambda: client.readlink("two"),
            lambda: client.posix_rename("two", "three"),
            lambda: client.open("two", "a"),
            lambda: client.open("two", "r+"),
        ]
        for refused in refusals:
            with pytest.raises(OSError, match=r"upport|empty|no symbolic links"):
                refused()
    assert (here / "back").read_bytes() == CONTENT
    assert objects == {"alice/d/": b"", "alice/d/moved": CONTENT, "alice/two": b"two", "alice/full/x": b"x"}


def test_lftp(in_memory: InMemory, objects: dict[str, bytes], here: Path) -> None:
    name = f'"d/{ODD}"'
    commands = (
        f"mkdir d; put f.bin -o {name}; get {name} -o back; mv {name} d/moved; cls -1 d; rm one; rmdir empty"
    )
    result = lftp(in_memory, commands, cwd=here)
    assert result.returncode == 0, result.stderr
    assert "moved" in result.stdout
    assert (here / "back").read_bytes() == CONTENT
    assert objects == {"alice/d/": b"", "alice/d/moved": CONTENT, "alice/two": b"two", "alice/full/x": b"x"}


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("chmod 600 one", "SETSTAT is not supported on S3"),
        ("rmdir full", "Directory not empty"),
        ("mv full gone", "Is a directory"),
        ("ln -s one link", "no symbolic links"),
        ("get gone", "No such file"),
        ("put -c f.bin -o one", "random access writes"),
    ],
)
def test_lftp_is_refused(
    in_memory: InMemory, objects: dict[str, bytes], here: Path, command: str, message: str
) -> None:
    before = dict(objects)
    result = lftp(in_memory, command, cwd=here)
    assert result.returncode != 0
    assert message in result.stderr + result.stdout
    assert objects == before


@pytest.fixture(scope="module")
def older(make_in_memory: MakeInMemory) -> InMemory:
    """curl of Debian 12 (libssh2 1.10) has none of the MACs of 2024-01, which are all encrypt-then-MAC."""
    return make_in_memory(security_policy="TransferSecurityPolicy-2022-03")


def test_curl(older: InMemory, here: Path) -> None:
    objects = older.storage.objects
    (here / "f.bin").write_bytes(CONTENT)
    put = curl(older, "/d/a%20b.bin", "--upload-file", "f.bin", cwd=here)
    assert put.returncode == 0, put.stderr
    assert objects == {"alice/d/a b.bin": CONTENT}
    got = curl(older, "/d/a%20b.bin", "--output", "back", cwd=here)
    assert got.returncode == 0, got.stderr
    assert (here / "back").read_bytes() == CONTENT
    part = curl(older, "/d/a%20b.bin", "--output", "part", "--range", "1000-1999", cwd=here)
    assert part.returncode == 0, part.stderr
    assert (here / "part").read_bytes() == CONTENT[1000:2000]
    quote = ["--quote", 'rename "/d/a b.bin" /d/moved', "--quote", "mkdir /e", "--quote", "rmdir /e"]
    listed = curl(older, "/d/", *quote, cwd=here)
    assert "moved" in listed.stdout, listed.stderr
    removed = curl(older, "/", "--quote", "rm /d/moved", cwd=here)
    assert removed.returncode == 0, removed.stderr
    assert objects == {}


def test_curl_is_refused(older: InMemory, here: Path) -> None:
    older.storage.objects["alice/old"] = b"old"
    (here / "f.bin").write_bytes(CONTENT)
    for arguments in (
        ["--upload-file", "f.bin", "--append"],
        ["--upload-file", "f.bin", "--continue-at", "1"],
        ["--quote", "chmod 600 /old"],
        ["--quote", "ln /old /link"],
    ):
        assert curl(older, "/old", *arguments, cwd=here).returncode != 0, arguments
    assert older.storage.objects["alice/old"] == b"old"


def test_curl_finds_no_common_mac_with_the_default_policy(in_memory: InMemory, here: Path) -> None:
    """Newer ones (libssh2 1.11) do, and then this says so."""
    if curl(in_memory, "/", cwd=here).returncode == 0:
        pytest.skip("this curl speaks encrypt-then-MAC")

    def is_told() -> bool:
        """A client that gives up first may be gone before the server has looked at its offer: ask again."""
        assert curl(in_memory, "/", cwd=here).returncode != 0
        return any(line["message"] == "no matching MAC found" for line in in_memory.log_lines("KEX_FAILURE"))

    until("the server has said why", is_told)


def test_rclone(in_memory: InMemory, objects: dict[str, bytes], here: Path) -> None:
    for arguments in (
        ["copyto", "f.bin", f"remote:d/{ODD}"],
        ["copyto", f"remote:d/{ODD}", "back"],
        ["moveto", f"remote:d/{ODD}", "remote:d/moved"],
        ["deletefile", "remote:one"],
        ["rmdir", "remote:empty"],
        ["mkdir", "remote:made"],
    ):
        result = rclone(in_memory, *arguments, cwd=here)
        assert result.returncode == 0, result.stderr
    listed = rclone(in_memory, "lsf", "-R", "remote:", cwd=here)
    assert set(listed.stdout.split("\n")) >= {"d/", "d/moved", "made/", "two", "full/", "full/x"}
    assert (here / "back").read_bytes() == CONTENT
    assert objects["alice/d/moved"] == CONTENT
    assert "alice/one" not in objects
    assert rclone(in_memory, "rmdir", "remote:full", cwd=here).returncode != 0


def test_rclone_that_sets_times_fails(in_memory: InMemory, objects: dict[str, bytes], here: Path) -> None:
    result = rclone(in_memory, "copyto", "f.bin", "remote:timed", cwd=here, set_modtime=True)
    assert result.returncode != 0
    assert "SETSTAT is not supported" in result.stderr


def test_sshfs_reads_renames_and_removes(in_memory: InMemory, objects: dict[str, bytes], here: Path) -> None:
    objects |= {"alice/big": CONTENT, f"alice/{ODD}": b"odd"}
    with sshfs(in_memory, here) as root:
        assert {path.name for path in root.iterdir()} == {"big", "empty", "full", "one", "two", ODD}
        assert (root / ODD).read_bytes() == b"odd"
        assert (root / "big").read_bytes() == CONTENT
        (root / "made").mkdir()
        (root / "one").rename(root / "made" / "moved")
        (root / "two").unlink()
        (root / "empty").rmdir()
        with pytest.raises(OSError, match=r"not permitted|not supported|Input/output"):
            (root / "big").chmod(0o600)
        with pytest.raises(OSError, match=r"not permitted|not supported|Input/output"):
            (root / "link").symlink_to("big")
    assert objects["alice/made/moved"] == b"one"
    assert "alice/two" not in objects


def test_sshfs_cannot_create_files(in_memory: InMemory, objects: dict[str, bytes], here: Path) -> None:
    """It asks for the attributes of a file that it has just opened, and an object is there only when it has
    been closed.
    """
    with sshfs(in_memory, here) as root, pytest.raises(OSError, match="No such file"):
        (root / "new").write_bytes(b"new")
    assert objects.get("alice/new", b"") == b""


class BigFolder(MemoryStorage):
    """5,003 files, five pages."""

    def __init__(self) -> None:
        super().__init__()
        self.objects = {f"alice/big/{number:05}": b"" for number in range(5003)}


@pytest.fixture(scope="module")
def big(make_in_memory: MakeInMemory) -> InMemory:
    return make_in_memory(storage=BigFolder(), security_policy="TransferSecurityPolicy-2022-03")


@pytest.mark.parametrize("client", ["sftp", "paramiko", "lftp", "curl", "rclone", "sshfs"])
def test_big_folders_are_listed_whole(big: InMemory, here: Path, client: str) -> None:
    if client == "sftp":
        names = {line.strip() for line in sftp(big, "cd big\nls -1\n", cwd=here).stdout.splitlines()[2:]}
    elif client == "paramiko":
        with paramiko_sftp(big) as session:
            names = set(session.listdir("big"))
    elif client == "lftp":
        names = set(lftp(big, "cls -1 big/", cwd=here).stdout.replace("big/", "").split())
    elif client == "curl":
        names = set(curl(big, "/big/", "--list-only", cwd=here).stdout.split())
    elif client == "rclone":
        names = set(rclone(big, "lsf", "remote:big", cwd=here).stdout.split())
    else:
        with sshfs(big, here) as root:
            names = {path.name for path in (root / "big").iterdir()}
    assert names == {f"{number:05}" for number in range(5003)}
