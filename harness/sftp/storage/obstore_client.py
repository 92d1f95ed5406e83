"""The calls that most files need (put, head, ranged get, delete) through `obstore`.

Chosen by measurement (`benchmarks/sftp_storage.py`): such a call costs about a fifth of the CPU of
aiobotocore and a sixth of boto3 in threads. Its copies cannot name a version, its listings come whole and
its multipart uploads are not under our control: those are boto3's. Its paths cannot end with a slash or hold
control characters; `can_name` tells, and the caller then goes through boto3.

Retries are ours, not the library's: it would also repeat a put that timed out, and on a versioned bucket
that could make two versions of one upload.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from harness import aws
from harness.aws import USER_AGENT
from harness.engines.base import EngineInfo
from harness.sftp.storage.base import Metadata, ObjectInfo, StorageBusyError, StorageError, StoredObject
from harness.sftp.storage.errors import error_for_code

_CREDENTIALS_FOR = timedelta(minutes=10)
"""botocore renews credentials of roles and SSO 10 to 15 minutes before they end."""
_CONNECT_TIMEOUT = timedelta(seconds=5)
_CALL_TIMEOUT = timedelta(seconds=60)
_RETRY_DELAYS_S = (0.1, 0.4)
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_MESSAGE = re.compile(r"<Message>([^<]*)</Message>")

if TYPE_CHECKING:
    from obstore.store import S3Credential

T = TypeVar("T")


class ObstoreClient:
    """One connection pool per bucket."""

    def __init__(self, engine: EngineInfo) -> None:
        self._engine = engine
        self._stores: dict[str, S3Store] = {}

    @staticmethod
    def can_name(key: str) -> bool:
        """Tell whether the library passes this key on byte for byte."""
        return bool(key) and not key.endswith("/") and not _CONTROL_CHARACTERS.search(key)

    async def put(self, bucket: str, key: str, data: bytes | bytearray, metadata: Metadata) -> StoredObject:
        store, attributes = self._store(bucket), dict(metadata)
        result = await _retried(
            lambda: obstore.put_async(store, key, data, attributes=attributes, use_multipart=False)
        )
        return StoredObject((result["e_tag"] or "").strip('"'), result["version"])

    async def head(self, bucket: str, key: str) -> ObjectInfo:
        meta = await _retried(lambda: obstore.head_async(self._store(bucket), key))
        return ObjectInfo(
            key=key,
            size_bytes=meta["size"],
            modified_at=meta["last_modified"].timestamp(),
            etag=(meta["e_tag"] or "").strip('"'),
            version_id=meta["version"],
        )

    async def read(self, bucket: str, info: ObjectInfo, start: int, end: int) -> bytes:
        options: Any = {"range": (start, end)}
        if info.version_id:
            options["version"] = info.version_id
        else:
            options["if_match"] = f'"{info.etag}"'

        async def get() -> bytes:
            result = await obstore.get_async(self._store(bucket), info.key, options=options)
            return (await result.bytes_async()).to_bytes()

        return await _retried(get)

    async def delete(self, bucket: str, key: str) -> None:
        await _retried(lambda: obstore.delete_async(self._store(bucket), key))

    def _store(self, bucket: str) -> S3Store:
        if bucket not in self._stores:
            endpoint_url = aws.endpoint_url("s3", self._engine)
            self._stores[bucket] = S3Store(
                bucket,
                endpoint=endpoint_url,
                region=self._engine.region,
                credential_provider=self._credentials,
                virtual_hosted_style_request=False,
                client_options={
                    "allow_http": endpoint_url.startswith("http://"),
                    "connect_timeout": _CONNECT_TIMEOUT,
                    "timeout": _CALL_TIMEOUT,
                    "user_agent": USER_AGENT,
                },
                retry_config={"max_retries": 0},
            )
        return self._stores[bucket]

    def _credentials(self) -> S3Credential:
        """Return what to sign with; asked for again before it is good no longer."""
        access_key, secret_key, token = aws.credentials(self._engine)
        return {
            "access_key_id": access_key,
            "secret_access_key": secret_key,
            "token": token,
            "expires_at": datetime.now(UTC) + _CREDENTIALS_FOR,
        }


async def _retried(call: Callable[[], Awaitable[T]]) -> T:
    """Repeat a call that S3 refused before doing anything: throttled, or not reached at all."""
    for delay_s in _RETRY_DELAYS_S:
        try:
            return await _translated(call)
        except StorageBusyError as exc:
            if exc.code == "RequestTimeout":
                raise
        await asyncio.sleep(delay_s)
    return await _translated(call)


async def _translated(call: Callable[[], Awaitable[T]]) -> T:
    try:
        return await call()
    except (BaseError, OSError) as exc:  # the library raises FileNotFoundError for a missing object
        raise to_storage_error(str(exc)) from exc


def to_storage_error(text: str) -> StorageError:
    """Turn the library's error text, which carries S3's own answer, into our error."""
    status, code, message = _STATUS.search(text), _CODE.search(text), _MESSAGE.search(text)
    if status is None:
        if "kind: Connect" in text:
            return StorageBusyError("S3 cannot be reached", code="ConnectError")
        if "kind: Timeout" in text or "TimedOut" in text:
            return StorageBusyError("S3 did not answer in time", code="RequestTimeout")
        return StorageBusyError(text.split("\n", 1)[0], code="RequestTimeout")
    return error_for_code(
        code[1] if code else status[1], message[1] if message else text.split("\n", 1)[0], int(status[1])
    )
