"""What became of an upload whose last call got no answer.

S3 may have carried the call out, or may still do so: an object that nobody reported would then be delivered,
and one of a broken upload without being marked as partial. So S3 is asked for an object with the ETag that
this upload must have.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Sequence

from harness.sftp.storage.base import ObjectInfo, Part, Storage, StorageError, StoredObject

NO_ANSWER = "RequestTimeout"
"""The code of errors that leave open whether S3 did what it was asked."""
LOOKS_AFTER_S = (0.0, 1.0, 4.0, 15.0, 40.0)
"""A call that S3 takes up to twice our timeout for is found."""
_LOOK_TIMEOUT_S = 90.0


async def find_stored(
    storage: Storage, bucket: str, key: str, *, etag: str, since: float, why: StorageError
) -> StoredObject | None:
    """Return what an upload has stored although its call failed; `None` where S3 has no such object.

    :param since: epoch seconds at which the upload began; older objects are others
    :param why: how the call failed: where S3 answered it, one look is enough
    """
    try:
        async with asyncio.timeout(_LOOK_TIMEOUT_S):
            for delay_s in LOOKS_AFTER_S if why.code == NO_ANSWER else (0.0,):
                await asyncio.sleep(delay_s)
                if (found := await _look(storage, bucket, key)) and _is_it(found, etag, since):
                    return StoredObject(found.etag, found.version_id)
    except TimeoutError:
        pass
    return None


async def _look(storage: Storage, bucket: str, key: str) -> ObjectInfo | None:
    try:
        return await storage.head(bucket, key)
    except StorageError:
        return None


def _is_it(found: ObjectInfo, etag: str, since: float) -> bool:
    """S3 tells times in whole seconds, and of an object made of parts when its first part could be sent."""
    return found.etag == etag and found.modified_at >= math.floor(since)


def etag_of(data: bytes | bytearray) -> str:
    """Return the ETag of an object that one PutObject writes.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    """
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def etag_of_parts(parts: Sequence[Part]) -> str:
    """Return the ETag of an object of these parts; empty where theirs are no MD5 sums (SSE-KMS)."""
    try:
        sums = b"".join(bytes.fromhex(part.etag.strip('"')) for part in parts)
    except ValueError:
        return ""
    return f"{etag_of(sums)}-{len(parts)}"
