"""The S3 clients that `sftp_storage` compares: the two in use, and two that are not."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp
import obstore

from harness.engines.base import EngineInfo
from harness.sftp.storage.base import ObjectInfo
from harness.sftp.storage.boto3_client import Boto3Client
from harness.sftp.storage.obstore_client import ObstoreClient

CONTENT = b"x" * 10_240
PART = bytes(5 * 1024 * 1024)
METADATA = {"user-agent": "AWSTransfer", "user-agent-id": "alice@s-0123456789abcdef0"}
PAGE_KEYS = 100
_UPLOAD_ID = re.compile(rb"<UploadId>([^<]+)<")

Calls = dict[str, Callable[[str], Awaitable[Any]]]
"""By operation; each takes a key."""


@asynccontextmanager
async def boto3(engine: EngineInfo, bucket: str) -> AsyncIterator[Calls]:
    client = Boto3Client(engine)

    async def parts(key: str) -> Any:
        upload_id = await client.create_multipart(bucket, key, METADATA)
        made = [await client.put_part(bucket, key, upload_id, number, PART) for number in (1, 2)]
        return await client.complete_multipart(bucket, key, upload_id, made)

    yield {
        "put": lambda key: client.put(bucket, key, CONTENT, METADATA),
        "head": lambda key: client.head(bucket, key),
        "get": lambda key: client.read(bucket, ObjectInfo(key, 10_240, 0.0, "", None), 0, 10_240),
        "list": lambda _: client.list_page(bucket, "page/", None, PAGE_KEYS),
        "copy": lambda key: client.copy(bucket, ObjectInfo(key, 1, 0.0), bucket, f"{key}-copy"),
        "delete": lambda key: client.delete(bucket, key),
        "multipart": parts,
    }


@asynccontextmanager
async def obstore_(engine: EngineInfo, bucket: str) -> AsyncIterator[Calls]:
    """As the front end uses it; list, copy, delete and multipart as the library would do them."""
    client = ObstoreClient(engine)
    store = client._store(bucket)
    yield {
        "put": lambda key: client.put(bucket, key, CONTENT, METADATA),
        "head": lambda key: client.head(bucket, key),
        "get": lambda key: obstore.get_range_async(store, key, start=0, end=10_240),
        "list": lambda _: obstore.list_with_delimiter_async(store, "page"),
        "copy": lambda key: obstore.copy_async(store, key, f"{key}-copy"),
        "delete": lambda key: obstore.delete_async(store, key),
        "multipart": lambda key: obstore.put_async(
            store, key, PART + PART, use_multipart=True, chunk_size=len(PART), max_concurrency=1
        ),
    }


@asynccontextmanager
async def aiobotocore(engine: EngineInfo, bucket: str) -> AsyncIterator[Calls]:
    from aiobotocore.config import AioConfig  # type: ignore[import-not-found]
    from aiobotocore.session import get_session  # type: ignore[import-not-found]

    config = AioConfig(
        max_pool_connections=32,
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    async with get_session().create_client(
        "s3",
        endpoint_url=engine.endpoint_url,
        region_name=engine.region,
        aws_access_key_id=engine.access_key_id,
        aws_secret_access_key=engine.secret_access_key,
        config=config,
    ) as client:

        async def get(key: str) -> Any:
            answer = await client.get_object(Bucket=bucket, Key=key, Range="bytes=0-10239")
            return await answer["Body"].read()

        async def parts(key: str) -> Any:
            upload_id = (await client.create_multipart_upload(Bucket=bucket, Key=key))["UploadId"]
            where = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
            made = []
            for number in (1, 2):
                answer = await client.upload_part(**where, PartNumber=number, Body=PART)
                made.append({"PartNumber": number, "ETag": answer["ETag"]})
            await client.complete_multipart_upload(**where, MultipartUpload={"Parts": made})

        yield {
            "put": lambda key: client.put_object(Bucket=bucket, Key=key, Body=CONTENT, Metadata=METADATA),
            "head": lambda key: client.head_object(Bucket=bucket, Key=key),
            "get": get,
            "list": lambda _: client.list_objects_v2(
                Bucket=bucket, Prefix="page/", Delimiter="/", MaxKeys=PAGE_KEYS
            ),
            "copy": lambda key: client.copy_object(
                Bucket=bucket, Key=f"{key}-copy", CopySource={"Bucket": bucket, "Key": key}
            ),
            "delete": lambda key: client.delete_object(Bucket=bucket, Key=key),
            "multipart": parts,
        }


class Thin:
    """A signed HTTP request and nothing else: what any client in Python costs at least. No retries, no
    errors told apart, XML left unread.
    """

    def __init__(self, engine: EngineInfo, bucket: str, http: aiohttp.ClientSession) -> None:
        self._engine = engine
        self._bucket = bucket
        self._http = http
        self._host = engine.endpoint_url.split("://", 1)[1]
        self._key = b""
        self._day = ""

    async def call(
        self, method: str, key: str, query: str = "", body: bytes = b"", **headers: str
    ) -> tuple[bytes, Any]:
        path = f"/{self._bucket}/{quote(key)}" if key else f"/{self._bucket}"
        signed = self._sign(method, path, query, {name.replace("_", "-"): headers[name] for name in headers})
        url = f"{self._engine.endpoint_url}{path}" + (f"?{query}" if query else "")
        async with self._http.request(method, url, data=body or None, headers=signed) as answer:
            content = await answer.read()
            assert answer.status < 300, content
            return content, answer.headers

    def _sign(self, method: str, path: str, query: str, headers: dict[str, str]) -> dict[str, str]:
        """https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html"""
        at = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
        headers = {
            **headers,
            "host": self._host,
            "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
            "x-amz-date": at,
        }
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\nUNSIGNED-PAYLOAD"
        scope = f"{at[:8]}/{self._engine.region}/s3/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{digest}"
        signature = hmac.new(self._signing_key(at[:8]), text.encode(), "sha256").hexdigest()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self._engine.access_key_id}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return headers

    def _signing_key(self, day: str) -> bytes:
        if day != self._day:
            key = f"AWS4{self._engine.secret_access_key}".encode()
            for part in (day, self._engine.region, "s3", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._day, self._key = day, key
        return self._key

    async def parts(self, key: str) -> None:
        content, _ = await self.call("POST", key, "uploads=")
        found = _UPLOAD_ID.search(content)
        assert found is not None
        upload_id, lines = quote(found[1].decode(), safe=""), ""
        for number in (1, 2):
            _, headers = await self.call("PUT", key, f"partNumber={number}&uploadId={upload_id}", PART)
            lines += f"<Part><PartNumber>{number}</PartNumber><ETag>{headers['ETag']}</ETag></Part>"
        body = f"<CompleteMultipartUpload>{lines}</CompleteMultipartUpload>".encode()
        await self.call("POST", key, f"uploadId={upload_id}", body)


@asynccontextmanager
async def thin(engine: EngineInfo, bucket: str) -> AsyncIterator[Calls]:
    metadata = {f"x_amz_meta_{name.replace('-', '_')}": value for name, value in METADATA.items()}
    async with aiohttp.ClientSession() as http:
        client = Thin(engine, bucket, http)
        yield {
            "put": lambda key: client.call("PUT", key, "", CONTENT, **metadata),
            "head": lambda key: client.call("HEAD", key),
            "get": lambda key: client.call("GET", key, range="bytes=0-10239"),
            "list": lambda _: client.call(
                "GET", "", f"delimiter=%2F&list-type=2&max-keys={PAGE_KEYS}&prefix=page%2F"
            ),
            "copy": lambda key: client.call(
                "PUT", f"{key}-copy", x_amz_copy_source=f"/{bucket}/{quote(key)}"
            ),
            "delete": lambda key: client.call("DELETE", key),
            "multipart": client.parts,
        }


CLIENTS = {"obstore": obstore_, "aiobotocore": aiobotocore, "boto3": boto3, "thin": thin}
