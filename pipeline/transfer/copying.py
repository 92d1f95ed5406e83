"""Copies one upload to the same key of the destination bucket, exactly once.

Exactly once means one destination version for each upload, however often and at however many places at the
same time its event is handled, and the newest upload of a key on top whatever the order of the copies. S3's
conditional copy does it: the first request asks for an empty place (`IfNoneMatch`), and is all that almost
every file needs. Where the place is taken, the tag of what is there decides: the same upload is a finished
copy, a newer one wins, an older one is replaced while it is still what was seen (`IfMatch`, see `plans`).
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipeline.common import clock
from pipeline.common.deadline import Deadline
from pipeline.common.events import Upload
from pipeline.common.settings import CopySettings
from pipeline.transfer import destination, parts, plans
from pipeline.transfer.destination import Occupant
from pipeline.transfer.plans import Plan

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import TagTypeDef

_MAX_ROUNDS = 5
_CONDITION_LOST = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_SOURCE_GONE = frozenset({"NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "404", "405"})


class SupersededError(Exception):
    """There is nothing to deliver: the source has vanished, or a newer upload of the key is there already."""


class SourceGoneError(Exception):
    """The upload is not in the source bucket any more: deleted, renamed, or replaced."""


class DestinationContestedError(Exception):
    """Other writers changed the destination key each time between the look and the copy."""


@dataclass(frozen=True)
class Copied:
    """A finished copy, made now or earlier."""

    destination_version_id: str | None
    copied_at: str
    sha256: str | None = None
    """Of the copy, in hex, as S3 computed it; `None` where it was not asked, or cannot tell it."""


@dataclass(frozen=True)
class Copier:
    """Copies to one destination bucket.

    :param part_pool: threads that copy the parts of large objects; not those that call `copy`, which would
        wait for themselves
    """

    s3: S3Client
    settings: CopySettings
    part_pool: Executor
    with_checksum: bool = False

    def copy(self, upload: Upload, deadline: Deadline) -> Copied:
        """Copy, or find that it has been done.

        :raises SupersededError: nothing is to be delivered
        :raises DestinationContestedError: give it another try later
        :raises DeadlineReachedError: there was no time left
        """
        try:
            if self.settings.check_source_is_current:
                self._check_source(upload)
            return self._copy_rounds(upload, deadline)
        except SourceGoneError as exc:
            return self._copied_before(upload, exc)

    def _copy_rounds(self, upload: Upload, deadline: Deadline) -> Copied:
        plan = plans.for_empty_place(upload, self.settings)
        for round_number in range(_MAX_ROUNDS):
            if round_number or self._is_large(upload):
                occupant = self._look(upload)
                if occupant and occupant.is_copy_of(upload):
                    return _found(occupant)
                plan = self._plan(upload, occupant)
            deadline.check()
            try:
                return self._write(upload, plan, deadline)
            except ClientError as exc:
                _raise_unless_lost(exc, plan)
        raise DestinationContestedError(f"'{upload.key}' changed {_MAX_ROUNDS} times while it was copied")

    def _copied_before(self, upload: Upload, gone: SourceGoneError) -> Copied:
        """Return the copy that an earlier attempt made but did not live to record, before the source went."""
        occupant = self._look(upload)
        if occupant and occupant.is_copy_of(upload):
            return _found(occupant)
        raise SupersededError(str(gone)) from gone

    def _look(self, upload: Upload) -> Occupant | None:
        return destination.look(self.s3, self.settings.destination_bucket, upload.key)

    def _is_large(self, upload: Upload) -> bool:
        return plans.is_large(upload, self.settings)

    def _plan(self, upload: Upload, occupant: Occupant | None) -> Plan:
        if occupant is None:
            return plans.for_empty_place(upload, self.settings)
        if occupant.is_newer_than(upload):
            raise SupersededError(f"a newer upload of this key is at the destination ({occupant.file_id})")
        return plans.for_replacing(upload, occupant, self.settings)

    def _write(self, upload: Upload, plan: Plan, deadline: Deadline) -> Copied:
        bucket = self.settings.destination_bucket
        if plan.part_size_bytes:
            version_id = parts.copy_by_parts(self.s3, upload, bucket, plan, self.part_pool, deadline)
            return Copied(version_id, clock.now_iso())
        source_tags = self._source_tags(upload) if self.settings.keep_source_tags else []
        checksum: Any = {"ChecksumAlgorithm": "SHA256"} if self.with_checksum else {}
        answer = self.s3.copy_object(
            Bucket=bucket,
            Key=upload.key,
            CopySource=parts.copy_source(upload),
            TaggingDirective="REPLACE",
            Tagging=destination.tagging(upload, source_tags),
            **checksum,
            **plan.condition,  # type: ignore[arg-type]
        )
        return Copied(answer.get("VersionId"), clock.now_iso(), _sha256(answer.get("CopyObjectResult", {})))

    def _source_tags(self, upload: Upload) -> list[TagTypeDef]:
        return self.s3.get_object_tagging(**parts.source(upload))["TagSet"]

    def _check_source(self, upload: Upload) -> None:
        try:
            found = self.s3.head_object(Bucket=upload.bucket, Key=upload.key)
        except ClientError as exc:
            if _code(exc) in _SOURCE_GONE:
                raise SourceGoneError("the source has been deleted or renamed") from exc
            raise
        if upload.version_id and found.get("VersionId") != upload.version_id:
            raise SourceGoneError("the source has been replaced by a newer upload")


def _sha256(result: Mapping[str, Any]) -> str | None:
    """Return the checksum of a copy in hex; that of parts (`…-3`) is none of the content."""
    text = result.get("ChecksumSHA256", "")
    return None if not text or "-" in text else base64.b64decode(text).hex()


def _found(occupant: Occupant) -> Copied:
    return Copied(occupant.version_id, occupant.written_at)


def _raise_unless_lost(exc: ClientError, plan: Plan) -> None:
    """Return when another writer was faster, so that another look is worth it; raise otherwise.

    With `IfMatch`, `NoSuchKey` may also mean that the destination has been emptied.
    """
    code = _code(exc)
    if code in _CONDITION_LOST or (code == "NoSuchKey" and "IfMatch" in plan.condition):
        return
    if code in _SOURCE_GONE or (code == "InvalidRequest" and "delete marker" in str(exc)):
        raise SourceGoneError(f"the source does not exist any more ({code})") from exc
    raise exc


def _code(exc: ClientError) -> str:
    error: Any = exc.response.get("Error", {})
    return str(error.get("Code", "Unknown"))
