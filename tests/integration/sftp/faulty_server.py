"""The real server with one named fault in its storage.

    python -m tests.integration.sftp.faulty_server CONFIG FAULT

Each fault is a small subclass of the real S3 storage.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from harness.sftp.__main__ import main
from harness.sftp.storage.base import (
    Metadata,
    Part,
    StorageBusyError,
    StorageDeniedError,
    StoredObject,
)
from harness.sftp.storage.s3 import S3Storage


class PutIsDenied(S3Storage):
    async def put(self, bucket: str, key: str, data: bytes | bytearray, metadata: Metadata) -> StoredObject:
        raise StorageDeniedError("Access Denied", code="AccessDenied")


class PutIsThrottled(S3Storage):
    async def put(self, bucket: str, key: str, data: bytes | bytearray, metadata: Metadata) -> StoredObject:
        raise StorageBusyError("Please reduce your request rate.", code="SlowDown")


class SecondPartFails(S3Storage):
    async def put_part(
        self, bucket: str, key: str, upload_id: str, number: int, data: bytes | bytearray
    ) -> Part:
        if number == 2:
            raise StorageBusyError("Service Unavailable", code="ServiceUnavailable")
        return await super().put_part(bucket, key, upload_id, number, data)


class CompletionFails(S3Storage):
    async def complete_multipart(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[Part]
    ) -> StoredObject:
        raise StorageBusyError("Internal error", code="InternalError")


class PartsAreSlow(S3Storage):
    async def put_part(
        self, bucket: str, key: str, upload_id: str, number: int, data: bytes | bytearray
    ) -> Part:
        await asyncio.sleep(0.5)
        return await super().put_part(bucket, key, upload_id, number, data)


class PutsAreSlow(S3Storage):
    async def put(self, bucket: str, key: str, data: bytes | bytearray, metadata: Metadata) -> StoredObject:
        await asyncio.sleep(2)
        return await super().put(bucket, key, data, metadata)


class PartsNeverAnswer(S3Storage):
    async def put_part(
        self, bucket: str, key: str, upload_id: str, number: int, data: bytes | bytearray
    ) -> Part:
        await asyncio.Event().wait()
        raise AssertionError("never reached")


FAULTS = {
    fault.__name__: fault
    for fault in (
        PutIsDenied,
        PutIsThrottled,
        SecondPartFails,
        CompletionFails,
        PartsAreSlow,
        PutsAreSlow,
        PartsNeverAnswer,
    )
}


if __name__ == "__main__":
    main(sys.argv[1:2], FAULTS[sys.argv[2]])
