"""Which version of the source bucket a broken upload has left.

The event names none. ETag and time tell: what broke off was stored when its session ended. A client that sent
all bytes, broke off and tried again at once leaves two versions with one ETag, and only the first is partial;
so of what was stored no later than the end the latest second counts, and in that second the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipeline.common import clock, identity
from pipeline.common.events import Upload
from pipeline.quarantine.notices import Notice

_SLACK = timedelta(seconds=2)
"""`LastModified` is in whole seconds, and the clocks of two services differ a little."""


@dataclass(frozen=True)
class SourceVersion:
    """A version of the key in the source bucket."""

    version_id: str
    etag: str
    size_bytes: int
    stored_at: datetime

    @classmethod
    def of(cls, listed: Any) -> SourceVersion:
        """Read an entry of ListObjectVersions."""
        return cls(listed["VersionId"], listed["ETag"].strip('"'), listed["Size"], listed["LastModified"])


def candidates(notice: Notice, versions: Iterable[SourceVersion]) -> list[SourceVersion]:
    """Return the versions that the upload may have left, the likeliest first.

    Without an ETag in the event it must be one of this size, and the only one: a server that keeps nothing of
    a broken upload tells no ETag, and a whole file must not be taken for it.

    :param versions: of the key, the newest first
    """
    stored = [version for version in versions if version.stored_at >= notice.began_at - _SLACK]
    if notice.etag is None:
        sized = [version for version in stored if version.size_bytes == notice.size_bytes]
        found = [version for version in sized if version.stored_at <= notice.ended_at]
        return found if len(found) == 1 else []
    same = [version for version in stored if version.etag == notice.etag]
    return _by_likelihood(notice.ended_at, same)


def _by_likelihood(ended_at: datetime, versions: Sequence[SourceVersion]) -> list[SourceVersion]:
    oldest_first = list(reversed(versions))
    before = [version for version in oldest_first if version.stored_at <= ended_at]
    after = [version for version in oldest_first if ended_at < version.stored_at <= ended_at + _SLACK]
    before.sort(key=lambda version: version.stored_at.replace(microsecond=0), reverse=True)
    return before + after


def as_upload(notice: Notice, version: SourceVersion) -> Upload:
    """Return the version as an upload; its sequencer is known only from the event of S3.

    :raises UnversionedSourceError: the bucket has no versions, so that nothing tells one upload from another
    """
    if version.version_id == "null":
        raise UnversionedSourceError(f"the bucket {notice.bucket} is not versioned")
    return Upload(
        file_id=identity.file_id(notice.bucket, notice.key, version.version_id),
        bucket=notice.bucket,
        key=notice.key,
        version_id=version.version_id,
        size_bytes=version.size_bytes,
        etag=version.etag,
        sequencer="",
        uploaded_at=clock.from_datetime(version.stored_at),
    )


class UnversionedSourceError(Exception):
    """Partial uploads can be told from whole ones in a versioned bucket only."""
