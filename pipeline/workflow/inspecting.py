"""Download: reads the whole object once, and finds out its size, its SHA-256 and its kind of content.

Nothing is kept of the bytes, so memory does not grow with the file. A sender may put the SHA-256 into the
user metadata `sha256` (hex or base64); it is compared here, where the bytes are read anyway.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipeline.common.deadline import Deadline
from pipeline.common.events import Upload
from pipeline.transfer import parts
from pipeline.workflow import content
from pipeline.workflow.documents import NO_TRANSFORM, FileDocument
from pipeline.workflow.errors import ChecksumMismatchError, DisallowedTypeError, translated
from pipeline.workflow.settings import DownloadSettings, listed

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

CHUNK_BYTES = 1024 * 1024
SOURCE_GONE = frozenset({"NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "404", "405"})
_SHA256_HEX_CHARACTERS = 64


@dataclass(frozen=True)
class Inspected:
    """What the bytes say."""

    size_bytes: int
    sha256: str
    content_type: str


@dataclass(frozen=True)
class Download:
    """The task."""

    s3: S3Client
    settings: DownloadSettings

    def run(self, task: Mapping[str, Any], remaining_s: float) -> dict[str, Any]:
        """Answer with the document and what was found.

        A source that has vanished is not judged here: Upload looks whether an earlier try has delivered it.

        :param task: `file`, the document, and `transform`, the name of what Process is to do
        :raises RefusedError: wrong bytes, or content that is not allowed
        """
        document = FileDocument.from_json(task["file"])
        deadline = Deadline(remaining_s, self.settings.deadline_reserve_s)
        with translated():
            found = self._inspect(document.upload, deadline)
        if found is None:
            return document.with_(transform=NO_TRANSFORM).to_json()
        self._check_type(document.upload, found.content_type)
        return document.with_(
            sha256=found.sha256,
            content_type=found.content_type,
            transform=transform_for(task["transform"], document.upload.key, found.content_type),
        ).to_json()

    def _inspect(self, upload: Upload, deadline: Deadline) -> Inspected | None:
        try:
            answer = self.s3.get_object(**parts.source(upload))
        except ClientError as exc:
            if exc.response["Error"]["Code"] in SOURCE_GONE:
                return None
            raise
        found = inspect(chunks(answer["Body"], deadline))
        check_told(answer.get("Metadata", {}).get("sha256"), found.sha256)
        return found

    def _check_type(self, upload: Upload, content_type: str) -> None:
        allowed = listed(self.settings.allowed_content_types)
        if allowed is not None and content_type not in (*allowed, content.EMPTY):
            raise DisallowedTypeError(f"'{upload.key}' is {content_type}, allowed are {', '.join(allowed)}")


def chunks(body: Any, deadline: Deadline) -> Iterator[bytes]:
    """Yield the bytes of an answer.

    :raises DeadlineReachedError: the time is up
    """
    while chunk := body.read(CHUNK_BYTES):
        deadline.check()
        yield chunk


def inspect(pieces: Iterable[bytes]) -> Inspected:
    """Look at all bytes."""
    digest, size_bytes, beginning = hashlib.sha256(), 0, b""
    for piece in pieces:
        digest.update(piece)
        size_bytes += len(piece)
        beginning += piece[: content.SNIFFED_BYTES - len(beginning)]
    return Inspected(size_bytes, digest.hexdigest(), content.sniff(beginning))


def check_told(told: str | None, found: str) -> None:
    """Compare with what the sender has told, if it has.

    :raises ChecksumMismatchError: it is another one, or no SHA-256 at all
    """
    if told is not None and _hex(told.strip()) != found:
        raise ChecksumMismatchError(f"the sender's metadata says sha256 '{told}', the bytes have {found}")


def _hex(text: str) -> str:
    if len(text) == _SHA256_HEX_CHARACTERS:
        return text.lower()
    try:
        return base64.b64decode(text, validate=True).hex()
    except (binascii.Error, ValueError):
        return text


def transform_for(wanted: str, key: str, content_type: str) -> str:
    """Return what Process is to do with this file: `csv` is for files of that name, and compressing what is
    compressed gains nothing.
    """
    if wanted == "csv" and not key.lower().endswith(".csv"):
        return NO_TRANSFORM
    if wanted == "gzip" and content.is_compressed(content_type):
        return NO_TRANSFORM
    return wanted
