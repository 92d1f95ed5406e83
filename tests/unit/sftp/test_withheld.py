"""What policies forbid is not told by a refusal either, and stays forbidden when they change in a session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from asyncssh import FXF_CREAT, FXF_READ, FXF_TRUNC, FXF_WRITE, SFTPAttrs, SFTPFailure, SFTPNoSuchFile
from asyncssh import SFTPPermissionDenied as Denied

from harness.sftp.authorisation import AccessDeniedError, Authorisation
from harness.sftp.downloads import CHUNK_BYTES
from harness.sftp.filesystem import S3Filesystem
from harness.sftp.identity import Mapping, User
from harness.sftp.listing import PAGE_KEYS
from tests.unit.sftp.rig import ALICE, Rig

pytestmark = pytest.mark.unit

NONE = SFTPAttrs()
PUT = FXF_WRITE | FXF_CREAT | FXF_TRUNC
GET_, LIST = "s3:GetObject", "s3:ListBucket"

Operation = Callable[[S3Filesystem], Coroutine[Any, Any, Any]]


class Policies:
    """Deny what is in `denied`, and everything once they are `withdrawn`."""

    def __init__(self) -> None:
        self.denied: tuple[str, str] | None = None
        self.withdrawn = False

    def for_session(self, user: User, *, session_id: str, source_ip: str) -> Authorisation:
        return self

    async def require(
        self, action: str, bucket: str, key: str, *, prefix: str | None = None, delimiter: str | None = None
    ) -> None:
        if self.withdrawn or (action, key or prefix) == self.denied:
            raise AccessDeniedError


@pytest.fixture
def policies() -> Policies:
    return Policies()


@pytest.fixture
def rig(tmp_path: Path, policies: Policies) -> Iterator[Rig]:
    made = Rig(tmp_path, authoriser=policies, partial_upload="keep")
    made.storage.objects = {
        "alice/file": b"content",
        "alice/folder/": b"",
        "alice/folder/inside": b"in",
        "alice/empty/": b"",
    }
    yield made
    made.close()


def _do(rig: Rig, operation: Operation, user: User = ALICE) -> None:
    async def do() -> None:
        await operation(rig.filesystem(user))
        await rig.finish()

    asyncio.run(do())


async def _rewrite(filesystem: S3Filesystem, path: bytes, data: bytes) -> None:
    file = await filesystem.open(path, FXF_WRITE, NONE)
    await filesystem.write(file, 0, data)
    await filesystem.close(file)


@pytest.mark.parametrize(
    ("operation", "denied"),
    [
        (lambda fs: fs.mkdir(b"/file", NONE), (GET_, "alice/file")),
        (lambda fs: fs.mkdir(b"/folder", NONE), (LIST, "alice/folder/")),
        (lambda fs: fs.rename(b"/file", b"/folder"), (LIST, "alice/folder/")),
        (lambda fs: _rewrite(fs, b"/file", b"short"), (GET_, "alice/file")),
    ],
    ids=["mkdir, file", "mkdir, folder", "rename", "size"],
)
def test_what_a_user_may_not_know_of_refuses_nothing(
    rig: Rig, policies: Policies, operation: Operation, denied: tuple[str, str]
) -> None:
    with pytest.raises(SFTPFailure):
        _do(rig, operation)
    policies.denied = denied
    _do(rig, operation)


@pytest.mark.parametrize(
    "operation",
    [lambda fs: fs.remove(b"/folder"), lambda fs: fs.rename(b"/folder", b"/new")],
    ids=["remove", "rename"],
)
def test_a_folder_that_may_not_be_listed_is_not_there(
    rig: Rig, policies: Policies, operation: Operation
) -> None:
    policies.denied = (LIST, "alice/folder/")
    with pytest.raises(SFTPNoSuchFile):
        _do(rig, operation)


@pytest.mark.parametrize(
    ("name", "operation", "error"),
    [
        ("folder", lambda fs: fs.mkdir(b"/entry", NONE), SFTPFailure),
        ("new", lambda fs: fs.mkdir(b"/entry", NONE), SFTPFailure),
        ("empty", lambda fs: fs.rmdir(b"/entry"), SFTPFailure),
        ("folder", lambda fs: fs.remove(b"/entry"), SFTPNoSuchFile),
    ],
)
def test_nothing_below_a_mapped_file_is_touched_or_told(
    rig: Rig, name: str, operation: Operation, error: type[Exception]
) -> None:
    mapping = Mapping("/entry", "bucket", f"alice/{name}", "FILE")
    user = User("bob", "role", home_directory_type="LOGICAL", mappings=(mapping,))
    before = dict(rig.storage.objects)
    with pytest.raises(error):
        _do(rig, operation, user)
    assert rig.storage.objects == before


@pytest.mark.parametrize("is_closed", [True, False])
@pytest.mark.parametrize("size_bytes", [5, 35])
def test_an_upload_does_not_appear_once_writing_is_forbidden(
    rig: Rig, policies: Policies, is_closed: bool, size_bytes: int
) -> None:
    """Neither what a client closes, nor what is kept of a session that ends; in one part or in several."""
    before = dict(rig.storage.objects)

    async def upload(filesystem: S3Filesystem) -> None:
        file = await filesystem.open(b"/file", PUT, NONE)
        await filesystem.write(file, 0, bytes(size_bytes))
        policies.withdrawn = True
        if is_closed:
            with pytest.raises(Denied):
                await filesystem.close(file)
        else:
            file.abandon("session ended")

    _do(rig, upload)
    assert rig.storage.objects == before
    assert [line["event"] for line in rig.journal()] == ["aborted"]
    assert rig.services.open_uploads == set()


def test_a_download_and_a_listing_end_once_they_are_forbidden(rig: Rig, policies: Policies) -> None:
    rig.storage.objects["alice/big"] = bytes(3 * CHUNK_BYTES)
    rig.storage.objects |= {f"alice/many/{number:04}": b"" for number in range(PAGE_KEYS + 1)}

    async def go_on(filesystem: S3Filesystem) -> None:
        file = await filesystem.open(b"/big", FXF_READ, NONE)
        folder = await filesystem.opendir(b"/many")
        assert await filesystem.read(file, 0, 10)
        policies.withdrawn = True
        with pytest.raises(Denied):
            await filesystem.read(file, 2 * CHUNK_BYTES, 10)
        with pytest.raises(Denied):
            _ = [name async for name in folder]
        await filesystem.close(file)

    _do(rig, go_on)
