"""Compresses a stream of bytes into an object, in bounded memory.

The same bytes always give the same object (gzip's header carries no time), so trying again makes no
difference.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.workflow.documents import Staged

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PART_BYTES = 8 * 1024 * 1024
"""Size of the parts of what is larger. S3 takes 10,000 of them: 80 GB compressed."""

_GZIP = 16 + zlib.MAX_WBITS


def compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the gzip of what comes."""
    compressor = zlib.compressobj(wbits=_GZIP)
    for piece in pieces:
        yield compressor.compress(piece)
    yield compressor.flush()


@dataclass
class PartWriter:
    """Writes one object: at once if it is small, else by parts.

    :param place: bucket and key
    :param headers: content type and the like
    """

    s3: S3Client
    place: dict[str, Any]
    headers: dict[str, Any]
    part_bytes: int = PART_BYTES

    def write(self, pieces: Iterable[bytes]) -> Staged:
        """Write it all. On any failure nothing is left behind."""
        digest, size_bytes = hashlib.sha256(), 0

        def counted() -> Iterator[bytes]:
            nonlocal size_bytes
            for piece in pieces:
                digest.update(piece)
                size_bytes += len(piece)
                yield piece

        bodies = _parts(counted(), self.part_bytes)
        first = next(bodies)
        second = next(bodies, None)
        answer = self._put(first) if second is None else self._by_parts(_chained(first, second, bodies))
        return Staged(
            bucket=self.place["Bucket"],
            version_id=answer.get("VersionId"),
            etag=answer["ETag"].strip('"'),
            size_bytes=size_bytes,
            sha256=digest.hexdigest(),
        )

    def _put(self, body: bytes) -> Any:
        return self.s3.put_object(**self.place, **self.headers, Body=body)

    def _by_parts(self, bodies: Iterable[bytes]) -> Any:
        upload_id = self.s3.create_multipart_upload(**self.place, **self.headers)["UploadId"]
        named = {**self.place, "UploadId": upload_id}
        try:
            done: list[Any] = [
                {
                    "ETag": self.s3.upload_part(**named, PartNumber=number, Body=body)["ETag"],
                    "PartNumber": number,
                }
                for number, body in enumerate(bodies, start=1)
            ]
            return self.s3.complete_multipart_upload(**named, MultipartUpload={"Parts": done})
        except BaseException:
            self.s3.abort_multipart_upload(**named)
            raise


def _parts(pieces: Iterable[bytes], part_bytes: int) -> Iterator[bytes]:
    """Yield bodies of that size; the last is what is left, and there is always one."""
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        while len(buffer) > part_bytes:
            yield bytes(buffer[:part_bytes])
            del buffer[:part_bytes]
    yield bytes(buffer)


def _chained(first: bytes, second: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield second
    yield from rest
