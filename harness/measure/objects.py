"""Versions of the run's keys in a bucket, and the SHA-256 of their bytes.

Listing goes folder by folder (a folder is a customer), below the longest beginning that the run's keys there
have in common, so that a kept stack's older files cost little. Many folders are listed at once, as long as
that takes fewer calls than one for each. Hashing reads every byte back: a multipart
ETag proves nothing about content. What a pipeline has compressed (`Content-Encoding: gzip`) is unpacked on
the way, so that it is compared with what the sender sent.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote

from harness.aws import translated
from harness.exceptions import AwsError
from harness.measure.compression import gunzip
from harness.measure.etag import md5_of
from harness.measure.packed.versions import PackedVersions
from harness.measure.rows import batched
from harness.measure.versions import ObjectVersion

UPLOAD_TAG = "floodgate-upload"
"""Tag that the pipeline's copy request writes: `<file_id>:<sequencer>` of the upload that it copied."""
_CHUNK_BYTES = 1024 * 1024
_MANY_FOLDERS = 50
_VANISHED_CODES = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchBucket", "404", "MethodNotAllowed"})


def list_versions(
    client: Any, bucket: str, keys: Collection[str], *, with_markers: bool = True
) -> PackedVersions:
    """Return the versions and delete markers of `keys`, oldest first.

    :param with_markers: delete markers, too
    :raises StackLostError: the engine does not answer
    :raises AwsError: the bucket cannot be listed
    """
    wanted = {key: key for key in keys}
    found = PackedVersions()
    listing = partial(_list, client, bucket, found=found, with_markers=with_markers)
    truncated = _list_all(prefixes(wanted), lambda prefix, pages: listing(prefix, wanted, max_pages=pages))
    for key in wanted.keys() - set(found) if truncated else ():
        # LocalStack 4.9 compares encoded keys with a decoded marker (`list_object_versions` in its S3
        # provider): from the second page on it leaves out keys that have to be encoded.
        if quote(key) != key and key.startswith(tuple(truncated)):
            listing(key, {key: key})
    found.order()
    return found


class _Listed(NamedTuple):
    """How a listing went."""

    pages: int
    complete: bool


def _list_all(folders: Sequence[str], listing: Callable[[str, int | None], _Listed]) -> list[str]:
    """List all folders, which come sorted; return the prefixes whose listing had several pages."""
    if len(folders) > _MANY_FOLDERS:
        together = _common_beginning(folders[0], folders[-1])
        listed = listing(together, len(folders))
        if listed.complete:
            return [together] if listed.pages > 1 else []
    return [folder for folder in folders if listing(folder, None).pages > 1]


def _list(
    client: Any,
    bucket: str,
    prefix: str,
    wanted: Mapping[str, str],
    *,
    found: PackedVersions,
    with_markers: bool,
    max_pages: int | None = None,
) -> _Listed:
    """Add the versions of `wanted` below `prefix`; give up where there are more pages than `max_pages`."""
    pages, more = 0, False
    with translated(f"listing the versions in {bucket}"):
        for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            pages, more = pages + 1, bool(page.get("IsTruncated"))
            for version in _versions(page, with_markers=with_markers):
                if (key := wanted.get(version.key)) is not None:
                    version.key = key  # one text of it in memory, not two
                    found.add_listed(version)
            if more and pages == max_pages:
                break
    return _Listed(pages, not more)


def prefixes(keys: Iterable[str]) -> list[str]:
    """Return one prefix per top-level folder: the longest beginning that its keys share."""
    extremes: dict[str, tuple[str, str]] = {}
    for key in keys:
        folder = key.partition("/")[0]
        low, high = extremes.get(folder, (key, key))
        extremes[folder] = (min(low, key), max(high, key))
    return sorted(_common_beginning(low, high) for low, high in extremes.values())


def _common_beginning(low: str, high: str) -> str:
    for index, (one, other) in enumerate(zip(low, high, strict=False)):
        if one != other:
            return low[:index]
    return low


def _versions(page: dict[str, Any], *, with_markers: bool) -> Iterator[ObjectVersion]:
    for item in page.get("Versions", ()):
        yield _version(item, size_bytes=item["Size"], is_delete_marker=False)
    for item in page.get("DeleteMarkers", ()) if with_markers else ():
        yield _version(item, size_bytes=0, is_delete_marker=True)


def _version(item: dict[str, Any], *, size_bytes: int, is_delete_marker: bool) -> ObjectVersion:
    return ObjectVersion(
        key=item["Key"],
        version_id=item["VersionId"],
        size_bytes=size_bytes,
        modified_at=item["LastModified"].timestamp(),
        is_delete_marker=is_delete_marker,
        is_latest=bool(item.get("IsLatest")),
        md5=md5_of(item.get("ETag")),
    )


def hash_versions(
    client: Any, bucket: str, versions: Iterable[ObjectVersion], *, parallel: int, on_done: Callable[[], None]
) -> None:
    """Read every version and store its SHA-256 in it, `parallel` at a time.

    :param on_done: called after each version, from the calling thread
    :raises StackLostError: the engine does not answer
    :raises AwsError: a version that exists cannot be read
    """
    with ThreadPoolExecutor(parallel, thread_name_prefix="verify") as pool:
        for window in batched(versions, 50 * parallel):
            for _ in pool.map(lambda version: _hash_version(client, bucket, version), window):
                on_done()


def _hash_version(client: Any, bucket: str, version: ObjectVersion) -> None:
    digest = hashlib.sha256()
    try:
        with translated(f"reading {version.key!r} back from {bucket}"):
            response = client.get_object(Bucket=bucket, Key=version.key, VersionId=version.version_id)
            chunks = response["Body"].iter_chunks(_CHUNK_BYTES)
            if response.get("ContentEncoding") == "gzip":
                _hash_unpacked(version, chunks, digest)
            else:
                for chunk in chunks:
                    digest.update(chunk)
    except AwsError as exc:
        if exc.code not in _VANISHED_CODES:
            raise
        return
    version.sha256 = digest.hexdigest()


def _hash_unpacked(version: ObjectVersion, chunks: Iterable[bytes], digest: Any) -> None:
    version.unpacked_bytes = 0
    try:
        for chunk in gunzip(chunks):
            version.unpacked_bytes += len(chunk)
            digest.update(chunk)
    except (zlib.error, EOFError) as exc:
        version.damage = f"its Content-Encoding says gzip, but it cannot be unpacked: {exc}"


def read_tags(client: Any, bucket: str, versions: Iterable[ObjectVersion]) -> None:
    """Fill `file_id` from the pipeline's tag, where there is one.

    One call per version: meant for keys where it is not clear which upload a version came from.

    :raises StackLostError: the engine does not answer
    :raises AwsError: the tags of a version that exists cannot be read
    """
    for version in versions:
        try:
            with translated(f"reading the tags of {version.key!r} in {bucket}"):
                response = client.get_object_tagging(
                    Bucket=bucket, Key=version.key, VersionId=version.version_id
                )
        except AwsError as exc:
            if exc.code not in _VANISHED_CODES:
                raise
            continue
        tags = {tag["Key"]: tag["Value"] for tag in response["TagSet"]}
        version.file_id = tags.get(UPLOAD_TAG, "").partition(":")[0] or None
