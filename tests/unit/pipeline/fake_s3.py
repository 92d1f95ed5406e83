"""A versioned S3 in memory that answers what the copier asks, with S3's conditions and errors."""

# ruff: noqa: N803  (arguments are named as in AWS's API)
from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from botocore.exceptions import ClientError

WRITTEN_AT = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


@dataclass
class Version:
    version_id: str
    body: bytes
    tags: dict[str, str] = field(default_factory=dict)
    is_delete_marker: bool = False
    content_type: str = "binary/octet-stream"
    metadata: dict[str, str] = field(default_factory=dict)
    part_count: int = 0
    modified_at: datetime = WRITTEN_AT

    @property
    def etag(self) -> str:
        digest = hashlib.md5(self.body).hexdigest()
        return f'"{digest}-{self.part_count}"' if self.part_count else f'"{digest}"'


class FakeS3:
    """`before_copy` and `before_part` run just before those requests: the place for a rival or a failure."""

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, list[Version]]] = {"source": {}, "destination": {}}
        self.calls: list[str] = []
        self.uploads: dict[str, dict[str, Any]] = {}
        self.before_copy: Callable[[], object] = lambda: None
        self.before_part: Callable[[int], object] = lambda number: None
        self._made = 0

    def put(self, bucket: str, key: str, body: bytes, **more: Any) -> Version:
        self._made += 1
        version = Version(f"v{self._made}", body, **more)
        self.buckets[bucket].setdefault(key, []).append(version)
        return version

    def delete(self, bucket: str, key: str) -> None:
        self.put(bucket, key, b"", is_delete_marker=True)

    def versions(self, key: str) -> list[Version]:
        return self.buckets["destination"].get(key, [])

    def head_object(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> dict[str, Any]:
        self.calls.append("HeadObject")
        found = self._find(Bucket, Key, VersionId, missing="404")
        return {
            "VersionId": found.version_id,
            "ETag": found.etag,
            "LastModified": WRITTEN_AT,
            "ContentType": found.content_type,
            "Metadata": found.metadata,
        }

    def get_object_tagging(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> dict[str, Any]:
        self.calls.append("GetObjectTagging")
        found = self._find(Bucket, Key, VersionId, missing="NoSuchKey")
        return {"TagSet": [{"Key": key, "Value": value} for key, value in found.tags.items()]}

    def copy_object(
        self,
        *,
        Bucket: str,
        Key: str,
        CopySource: dict[str, str],
        Tagging: str | None = None,
        **condition: str,
    ) -> dict[str, Any]:
        self.calls.append("CopyObject")
        self.before_copy()
        source = self._find(**CopySource, missing="NoSuchKey")
        self._check(Bucket, Key, condition)
        tags = dict(source.tags) if Tagging is None else dict(parse_qsl(Tagging))
        return {"VersionId": self.put(Bucket, Key, source.body, tags=tags).version_id}

    def get_paginator(self, operation: str) -> FakeListing:
        assert operation == "list_object_versions"
        return FakeListing(self)

    def delete_object(self, *, Bucket: str, Key: str, VersionId: str) -> None:
        self.calls.append("DeleteObject")
        versions = self.buckets[Bucket].get(Key, [])
        self.buckets[Bucket][Key] = [found for found in versions if found.version_id != VersionId]

    def create_multipart_upload(self, **place: Any) -> dict[str, Any]:
        self.calls.append("CreateMultipartUpload")
        upload_id = f"upload-{len(self.calls)}"
        self.uploads[upload_id] = {**place, "parts": {}}
        return {"UploadId": upload_id}

    def upload_part_copy(
        self, *, UploadId: str, PartNumber: int, CopySource: dict[str, str], CopySourceRange: str, **_: Any
    ) -> dict[str, Any]:
        self.before_part(PartNumber)
        first, last = CopySourceRange.removeprefix("bytes=").split("-")
        body = self._find(**CopySource, missing="NoSuchKey").body[int(first) : int(last) + 1]
        self.uploads[UploadId]["parts"][PartNumber] = body
        return {"CopyPartResult": {"ETag": f"part-{PartNumber}"}}

    def upload_part(self, *, UploadId: str, PartNumber: int, Body: bytes, **_: Any) -> dict[str, Any]:
        self.uploads[UploadId]["parts"][PartNumber] = Body
        return {"ETag": f"part-{PartNumber}"}

    def complete_multipart_upload(
        self, *, Bucket: str, Key: str, UploadId: str, MultipartUpload: dict[str, Any], **condition: str
    ) -> dict[str, Any]:
        self.calls.append("CompleteMultipartUpload")
        self.before_copy()
        self._check(Bucket, Key, condition)
        upload = self.uploads.pop(UploadId)
        numbers = [part["PartNumber"] for part in MultipartUpload["Parts"]]
        made = self.put(
            Bucket,
            Key,
            b"".join(upload["parts"][number] for number in numbers),
            tags=dict(parse_qsl(upload["Tagging"])),
            content_type=upload["ContentType"],
            metadata=upload.get("Metadata", {}),
            part_count=len(numbers),
        )
        return {"VersionId": made.version_id}

    def abort_multipart_upload(self, *, UploadId: str, **_: Any) -> None:
        self.calls.append("AbortMultipartUpload")
        del self.uploads[UploadId]

    def _check(self, bucket: str, key: str, condition: dict[str, str]) -> None:
        if bucket not in self.buckets:
            raise client_error("NoSuchBucket")
        versions = self.buckets[bucket].get(key)
        current = versions[-1] if versions else None
        exists = current is not None and not current.is_delete_marker
        if condition.get("IfNoneMatch") and exists:
            raise client_error("PreconditionFailed")
        if etag := condition.get("IfMatch"):
            if not exists:
                raise client_error("NoSuchKey")
            if current is not None and current.etag != etag:
                raise client_error("PreconditionFailed")

    def _find(self, Bucket: str, Key: str, VersionId: str | None = None, *, missing: str) -> Version:
        if Bucket not in self.buckets:
            raise client_error("NoSuchBucket")
        versions = self.buckets[Bucket].get(Key, [])
        if VersionId is None:
            if not versions or versions[-1].is_delete_marker:
                raise client_error(missing)
            return versions[-1]
        found = next((version for version in versions if version.version_id == VersionId), None)
        if found is None:
            raise client_error("NoSuchVersion")
        return found


@dataclass
class FakeListing:
    """ListObjectVersions, a page for each version: the newest of a key first, keys in order."""

    s3: FakeS3

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        self.s3.calls.append("ListObjectVersions")
        found = self.s3.buckets[Bucket]
        names = sorted(name for name in found if name.startswith(Prefix))
        for key, version in ((name, one) for name in names for one in reversed(found[name])):
            listed = {
                "Key": key,
                "VersionId": version.version_id,
                "ETag": version.etag,
                "Size": len(version.body),
                "LastModified": version.modified_at,
            }
            yield {"DeleteMarkers" if version.is_delete_marker else "Versions": [listed]}


def client_error(code: str) -> ClientError:
    """Return an AWS error of that code."""
    return ClientError({"Error": {"Code": code, "Message": f"test: {code}"}}, "Test")
