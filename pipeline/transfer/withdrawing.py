"""Takes copies of an upload away from the destination again, because the upload turned out to be partial.

Only versions whose tag names the upload are touched, each by its version id: what lies beneath becomes
visible again, and what lies above stays. The source bucket keeps its version, so no bytes are lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipeline.common.events import Upload
from pipeline.transfer import destination

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_CLOCK_SLACK = timedelta(minutes=1)
"""`LastModified` is in whole seconds, and an event has the clock of another service."""
_GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NoSuchBucket"})


@dataclass(frozen=True)
class CopyVersion:
    """A version at the destination that was copied from the upload."""

    key: str
    version_id: str
    """`null` in a bucket that is not versioned; S3 takes it as an id."""
    size_bytes: int


@dataclass(frozen=True)
class Withdrawal:
    """The destination, as far as taking back goes."""

    s3: S3Client
    destination_bucket: str

    def withdraw(self, upload: Upload) -> int:
        """Delete every copy of the upload; return how many there were."""
        found = list(self.copies(upload))
        for copy in found:
            self.delete(copy)
        return len(found)

    def copies(self, upload: Upload) -> Iterator[CopyVersion]:
        """Return the versions that were copied from this upload: mostly one, and never one older than it."""
        not_before = datetime.fromisoformat(upload.uploaded_at) - _CLOCK_SLACK
        for version in versions(self.s3, self.destination_bucket, upload.key):
            if version["LastModified"] >= not_before and self._is_of(upload, version["VersionId"]):
                yield CopyVersion(upload.key, version["VersionId"], version["Size"])

    def delete(self, copy: CopyVersion) -> None:
        self.s3.delete_object(Bucket=self.destination_bucket, Key=copy.key, VersionId=copy.version_id)

    def _is_of(self, upload: Upload, version_id: str) -> bool:
        try:
            answer = self.s3.get_object_tagging(
                Bucket=self.destination_bucket, Key=upload.key, VersionId=version_id
            )
        except ClientError as exc:
            if exc.response["Error"]["Code"] in _GONE:
                return False
            raise
        return destination.file_id_in(answer["TagSet"]) == upload.file_id


def versions(s3: S3Client, bucket: str, key: str) -> Iterator[dict[str, Any]]:
    """Return all versions of one key, the newest first, without delete markers.

    The listing is in the order of keys, so that those which only begin like this one come after it.
    """
    pages: Any = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
    for page in pages:
        found = page.get("Versions", [])
        yield from (version for version in found if version["Key"] == key)
        if any(version["Key"] != key for version in found):
            return
