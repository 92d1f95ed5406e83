"""Operations on a file system whose permissions are noted, and denied where a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from asyncssh import (
    FXF_CREAT,
    FXF_READ,
    FXF_TRUNC,
    FXF_WRITE,
    SFTPAttrs,
)

from harness.sftp.authorisation import AccessDeniedError, Authorisation
from harness.sftp.filesystem import S3Filesystem
from harness.sftp.identity import User
from tests.unit.sftp.rig import Rig

NONE = SFTPAttrs()
PUT = FXF_WRITE | FXF_CREAT | FXF_TRUNC
GET_, PUT_, DELETE, LIST = "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"

Operation = Callable[[S3Filesystem], Coroutine[Any, Any, Any]]


class AllBut:
    """Notes every question, and denies some."""

    def __init__(self, *denied: tuple[str, str]) -> None:
        self.asked: list[tuple[str, str]] = []
        self._denied = denied

    def for_session(self, user: User, *, session_id: str, source_ip: str) -> Authorisation:
        return self

    async def require(
        self, action: str, bucket: str, key: str, *, prefix: str | None = None, delimiter: str | None = None
    ) -> None:
        assert bucket == "bucket"
        if action == LIST:
            assert (key, delimiter) == ("", "/")
        question = (action, key or prefix or "")
        self.asked.append(question)
        if question in self._denied:
            raise AccessDeniedError


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []

    def make(**settings: Any) -> Rig:
        rigs.append(Rig(tmp_path, **settings))
        rigs[-1].storage.objects = {
            "alice/file": b"content",
            "alice/other": b"other",
            "alice/folder/": b"",
            "alice/empty/": b"",
            "alice/folder/inside": b"in",
        }
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


@pytest.fixture
def rig(make_rig: Callable[..., Rig]) -> Rig:
    return make_rig()


def do(rig: Rig, operation: Operation, user: User | None = None) -> Any:
    async def do() -> Any:
        result = await operation(rig.filesystem(user) if user else rig.filesystem())
        await rig.finish()
        return result

    return asyncio.run(do())


async def names(filesystem: S3Filesystem, path: bytes) -> list[str]:
    return [bytes(name.filename).decode() async for name in await filesystem.opendir(path)]  # type: ignore[arg-type]


async def upload(filesystem: S3Filesystem, path: bytes, flags: int = PUT, data: bytes = b"new") -> None:
    file = await filesystem.open(path, flags, NONE)
    await filesystem.write(file, 0, data)
    await filesystem.close(file)


async def download(filesystem: S3Filesystem, path: bytes) -> bytes:
    file = await filesystem.open(path, FXF_READ, NONE)
    data = await filesystem.read(file, 0, 1000)
    await filesystem.close(file)
    return data


async def answer(value: Any) -> Any:
    return value
