"""The S3 storage against a real S3, through both of its clients."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from harness.engines.base import EngineInfo
from harness.sftp.storage.base import ObjectInfo, ObjectNotFoundError, StorageBusyError, StorageError
from harness.sftp.storage.boto3_client import Boto3Client
from harness.sftp.storage.obstore_client import ObstoreClient
from harness.sftp.storage.s3 import S3Storage

pytestmark = pytest.mark.integration

MIB = 1024 * 1024
METADATA = {"user-agent": "AWSTransfer"}
KEYS = [
    "plain",
    "with space",
    "a+b",
    "100%",
    "%41",
    "quote'\"",
    "#?&=;",
    "😀",
    "~!*()[]{}|\\^`<>",
    "tab\t",
    "folder/",
]

T = TypeVar("T")
Clients = ObstoreClient | Boto3Client


def run(engine: EngineInfo, use: Callable[[S3Storage], Awaitable[T]]) -> T:
    async def with_storage() -> T:
        storage = S3Storage(engine)
        try:
            return await use(storage)
        finally:
            await storage.close()

    return asyncio.run(with_storage())


@pytest.mark.parametrize("key", KEYS)
def test_put_head_and_read_agree_on_key_version_and_bytes(
    localstack: EngineInfo, s3: Any, bucket: str, key: str
) -> None:
    async def use(storage: S3Storage) -> tuple[ObjectInfo, bytes, str | None]:
        stored = await storage.put(bucket, key, bytearray(b"0123456789"), METADATA)
        info = await storage.head(bucket, key)
        return info, await storage.read(bucket, info, 2, 5), stored.version_id

    info, piece, version_id = run(localstack, use)
    head = s3.head_object(Bucket=bucket, Key=key)
    assert (info.version_id, version_id) == (head["VersionId"], head["VersionId"])
    assert (info.size_bytes, info.etag) == (10, head["ETag"].strip('"'))
    assert info.modified_at == head["LastModified"].timestamp()
    assert head["Metadata"] == METADATA
    assert piece == b"234"


def test_reads_stay_on_the_version_that_was_opened(localstack: EngineInfo, bucket: str) -> None:
    async def use(storage: S3Storage) -> bytes:
        await storage.put(bucket, "pinned", b"first", {})
        info = await storage.head(bucket, "pinned")
        await storage.put(bucket, "pinned", b"second", {})
        return await storage.read(bucket, info, 0, 5)

    assert run(localstack, use) == b"first"


def test_a_multipart_upload_returns_its_version(localstack: EngineInfo, s3: Any, bucket: str) -> None:
    content = os.urandom(6 * MIB)

    async def use(storage: S3Storage) -> str | None:
        upload_id = await storage.create_multipart(bucket, "parts", METADATA)
        parts = [
            await storage.put_part(bucket, "parts", upload_id, 1, content[: 5 * MIB]),
            await storage.put_part(bucket, "parts", upload_id, 2, bytearray(content[5 * MIB :])),
        ]
        return (await storage.complete_multipart(bucket, "parts", upload_id, parts)).version_id

    version_id = run(localstack, use)
    answer = s3.get_object(Bucket=bucket, Key="parts")
    assert answer["VersionId"] == version_id
    assert answer["Body"].read() == content


def test_listing_goes_by_pages(localstack: EngineInfo, s3: Any, bucket: str) -> None:
    for name in ("a", "b", "c", "sub/x", "sub/y", "z"):
        s3.put_object(Bucket=bucket, Key=f"paged/{name}", Body=b"1")

    async def use(storage: S3Storage) -> tuple[list[str], list[str], int]:
        objects: list[str] = []
        prefixes: list[str] = []
        token, pages = None, 0
        while token is not None or pages == 0:
            page = await storage.list_page(bucket, "paged/", token, 2)
            objects += [info.key for info in page.objects]
            prefixes += page.prefixes
            token, pages = page.next_token, pages + 1
        return objects, prefixes, pages

    objects, prefixes, pages = run(localstack, use)
    assert objects == ["paged/a", "paged/b", "paged/c", "paged/z"]
    assert prefixes == ["paged/sub/"]
    assert pages == 3


def test_a_copy_is_of_the_version_that_was_named(localstack: EngineInfo, s3: Any, bucket: str) -> None:
    async def use(storage: S3Storage) -> str | None:
        await storage.put(bucket, "from", b"old", METADATA)
        info = await storage.head(bucket, "from")
        await storage.put(bucket, "from", b"new", {})
        return (await storage.copy(bucket, info, bucket, "to +%")).version_id

    version_id = run(localstack, use)
    answer = s3.get_object(Bucket=bucket, Key="to +%")
    assert (answer["Body"].read(), answer["VersionId"], answer["Metadata"]) == (b"old", version_id, METADATA)


def test_large_copies_go_by_parts(
    localstack: EngineInfo, s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.sftp.storage.boto3_client._MAX_COPY_BYTES", 6 * MIB)
    monkeypatch.setattr("harness.sftp.storage.boto3_client._COPY_PART_BYTES", 5 * MIB)
    content = os.urandom(7 * MIB)

    async def use(storage: S3Storage) -> None:
        await storage.put(bucket, "large", content, METADATA)
        await storage.copy(bucket, await storage.head(bucket, "large"), bucket, "large-copy")

    run(localstack, use)
    answer = s3.get_object(Bucket=bucket, Key="large-copy")
    assert answer["ETag"].endswith('-2"')
    assert answer["Metadata"] == METADATA
    assert answer["Body"].read() == content


def test_folders_have_keys_or_not(localstack: EngineInfo, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="marked/", Body=b"")
    s3.put_object(Bucket=bucket, Key="full/file", Body=b"")

    async def use(storage: S3Storage) -> list[bool]:
        return [
            await storage.has_keys(bucket, "marked/"),
            await storage.has_keys(bucket, "marked/", besides="marked/"),
            await storage.has_keys(bucket, "full/", besides="full/"),
            await storage.has_keys(bucket, "none/"),
        ]

    assert run(localstack, use) == [True, False, True, False]


@pytest.mark.parametrize("key", ["missing", "missing\t"])
def test_what_is_not_there(localstack: EngineInfo, bucket: str, key: str) -> None:
    async def use(storage: S3Storage) -> None:
        gone = ObjectInfo(key, 10, 0.0, "0" * 32)
        for call in (
            storage.head(bucket, key),
            storage.read(bucket, gone, 0, 5),
            storage.put("no-such-bucket", key, b"", {}),
            storage.list_page("no-such-bucket", "", None, 10),
            storage.abort_multipart(bucket, key, "no-such-upload"),
        ):
            with pytest.raises(ObjectNotFoundError):
                await call
        await storage.delete(bucket, key)

    run(localstack, use)


@pytest.mark.parametrize("key", ["range", "range\t"])
def test_a_refusal_carries_the_code_of_s3(localstack: EngineInfo, bucket: str, key: str) -> None:
    async def use(storage: S3Storage) -> str:
        await storage.put(bucket, key, b"123", {})
        with pytest.raises(StorageError) as info:
            await storage.read(bucket, await storage.head(bucket, key), 10, 20)
        return info.value.code

    assert run(localstack, use) == "InvalidRange"


@pytest.mark.parametrize("key", ["nobody-home", "nobody-home\t"])
def test_an_s3_that_is_not_there(localstack: EngineInfo, key: str) -> None:
    nowhere = EngineInfo("none", "host", "0", "http://127.0.0.1:1")

    async def use(storage: S3Storage) -> str:
        with pytest.raises(StorageBusyError) as info:
            await storage.put("bucket", key, b"", {})
        return info.value.code

    assert run(nowhere, use) == "ConnectError"
