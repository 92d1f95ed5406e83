"""Which upload an object at the destination came from.

Each copy carries one tag, `floodgate-upload`, with the `file_id` and the sequencer of its source. The copy
request itself writes it, so that it costs no call and is there as soon as the object is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from pipeline.common import clock, identity
from pipeline.common.events import Upload

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import TagTypeDef

UPLOAD_TAG = "floodgate-upload"
_MAX_TAGS = 10  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html


@dataclass(frozen=True)
class Occupant:
    """What is at the destination key now."""

    version_id: str | None
    etag: str
    written_at: str
    file_id: str | None
    """`None` where something else than this pipeline has put it there."""
    sequencer: str

    def is_copy_of(self, upload: Upload) -> bool:
        return self.file_id == upload.file_id

    def is_newer_than(self, upload: Upload) -> bool:
        return self.file_id is not None and identity.is_newer(self.sequencer, upload.sequencer)


def upload_tag(upload: Upload) -> str:
    """Return the tag's value. Tags allow `:` and letters and digits, 256 characters in all."""
    return f"{upload.file_id}:{upload.sequencer}"


def tagging(upload: Upload, source_tags: list[TagTypeDef]) -> str:
    """Return the tags of a copy as S3's header wants them.

    An object has room for ten tags, so of ten source tags the last gives way to ours.
    """
    kept = [(tag["Key"], tag["Value"]) for tag in source_tags if tag["Key"] != UPLOAD_TAG]
    return urlencode([(UPLOAD_TAG, upload_tag(upload)), *kept[: _MAX_TAGS - 1]])


def look(s3: S3Client, bucket: str, key: str) -> Occupant | None:
    """Return what is at the destination, `None` when there is nothing (any more)."""
    try:
        found = s3.head_object(Bucket=bucket, Key=key)
        version_id = found.get("VersionId")
        version = {"VersionId": version_id} if version_id else {}
        tags = s3.get_object_tagging(Bucket=bucket, Key=key, **version)["TagSet"]  # type: ignore[arg-type]
    except ClientError as exc:
        if exc.response["Error"]["Code"] in ("404", "NoSuchKey", "NoSuchVersion"):
            return None
        raise
    file_id, _, sequencer = _tag_value(tags).partition(":")
    return Occupant(
        version_id=version_id,
        etag=found["ETag"],
        written_at=clock.from_datetime(found["LastModified"]),
        file_id=file_id or None,
        sequencer=sequencer,
    )


def file_id_in(tags: list[TagTypeDef]) -> str | None:
    """Return which upload an object with these tags was copied from, `None` where none of them tells."""
    return _tag_value(tags).partition(":")[0] or None


def _tag_value(tags: list[TagTypeDef]) -> str:
    return next((tag["Value"] for tag in tags if tag["Key"] == UPLOAD_TAG), "")
