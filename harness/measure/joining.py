"""Joining what the sender says with what the SFTP server (or the source bucket) says about the same upload.

The key carries the ledger id in every scenario but the one on repeated keys, where one key has several
uploads; those are paired in the order of time. The result gives each ledger entry its version id, and with
it the `file_id` under which the pipeline knows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness import identity
from harness.measure.ledger import UPLOADED, LedgerEntry
from harness.measure.objects import ObjectVersion
from harness.measure.uploads import AbortedUpload, ClosedUpload, PartialUpload, SftpEvent

CLOCK_SLACK_S = 2.0
"""S3 rounds `LastModified` down to whole seconds, and the two clocks may differ a little."""


@dataclass(slots=True)
class Upload:
    """One ledger entry with the object that it became, if it became one."""

    entry: LedgerEntry
    version_id: str | None = None
    file_id: str | None = None
    server_reason: str | None = None
    """Why the server says that it broke off."""
    partial_bytes: int | None = None
    """Size of the object that it left in the source bucket when it broke off; `None` where it left none."""

    @property
    def is_partial(self) -> bool:
        """It broke off, and what had arrived is an object in the source bucket."""
        return self.partial_bytes is not None

    @property
    def stored(self) -> bool:
        """The file is in the source bucket as a whole, whatever the client came to know of it."""
        return self.version_id is not None and not self.is_partial

    @property
    def uploaded(self) -> bool:
        """It counts as uploaded: the client got its answer, or the object is there all the same."""
        return self.entry.end == UPLOADED or self.stored


@dataclass(slots=True)
class Joined:
    """All uploads of a run in the order of the ledger, and objects that no ledger entry explains."""

    uploads: list[Upload]
    by_key: dict[str, list[Upload]]
    extra_file_ids: dict[str, list[str]] = field(default_factory=dict)
    """Key to `file_id`s of objects on the run's keys that nobody in the ledger uploaded."""


def join(entries: Iterable[LedgerEntry], events: Iterable[SftpEvent], bucket: str) -> Joined:
    """Pair ledger entries with the SFTP server's events on the same key.

    :param bucket: the source bucket, part of every `file_id`
    """
    uploads = [Upload(entry) for entry in entries]
    by_key: dict[str, list[Upload]] = {}
    for upload in uploads:
        by_key.setdefault(upload.entry.key, []).append(upload)
    closes: dict[str, list[ClosedUpload]] = {}
    joined = Joined(uploads, by_key)
    for event in events:
        if isinstance(event, AbortedUpload):
            _explain(by_key.get(event.key, ()), event)
        elif isinstance(event, PartialUpload):
            _take_partial(joined, event, bucket)
        elif event.key in by_key:
            closes.setdefault(event.key, []).append(event)
    for key, found in closes.items():
        left = _pair(by_key[key], found, bucket)
        if left:
            extra = joined.extra_file_ids.setdefault(key, [])
            extra += [identity.file_id(bucket, key, close.version_id) for close in left]
    return joined


def without_version(joined: Joined) -> list[Upload]:
    """Uploads that the client saw succeed and of which the SFTP server left no line."""
    return [upload for upload in joined.uploads if upload.entry.end == UPLOADED and not upload.stored]


def learn_versions(joined: Joined, source: Mapping[str, Sequence[ObjectVersion]], bucket: str) -> None:
    """Give uploads without a version id the versions that the source bucket holds for their key."""
    for key in {upload.entry.key for upload in without_version(joined)}:
        known = {upload.version_id for upload in joined.by_key[key]}
        candidates = [
            ClosedUpload(key, version.version_id, version.size_bytes, version.modified_at)
            for version in source.get(key, ())
            if not version.is_delete_marker and version.version_id not in known
        ]
        _pair([upload for upload in joined.by_key[key] if upload.version_id is None], candidates, bucket)


def _explain(uploads: Iterable[Upload], event: AbortedUpload) -> None:
    for upload in uploads:
        if upload.entry.end != UPLOADED and upload.server_reason is None:
            upload.server_reason = event.reason
            return


def _take_partial(joined: Joined, event: PartialUpload, bucket: str) -> None:
    """Give a partial object to the upload that broke off nearest to it in time."""
    file_id = identity.file_id(bucket, event.key, event.version_id)
    broken = [upload for upload in joined.by_key.get(event.key, ()) if _may_have_left(upload, event)]
    if not broken:
        if event.key in joined.by_key:
            joined.extra_file_ids.setdefault(event.key, []).append(file_id)
        return
    upload = min(broken, key=lambda upload: abs((upload.entry.ended_at or event.closed_at) - event.closed_at))
    upload.version_id, upload.file_id = event.version_id, file_id
    upload.partial_bytes, upload.server_reason = event.size_bytes, event.reason


def _may_have_left(upload: Upload, event: PartialUpload) -> bool:
    entry = upload.entry
    if entry.end == UPLOADED or entry.started_at is None or upload.is_partial:
        return False
    return event.closed_at >= entry.started_at - CLOCK_SLACK_S


def _pair(uploads: Sequence[Upload], closes: Sequence[ClosedUpload], bucket: str) -> list[ClosedUpload]:
    """Give each upload its close; return the closes that are left over."""
    acknowledged = [upload for upload in uploads if upload.entry.end == UPLOADED]
    acknowledged.sort(key=lambda upload: upload.entry.ended_at or 0.0)
    left = sorted(closes, key=lambda close: close.closed_at)
    if len(left) == len(acknowledged):
        for upload, close in zip(acknowledged, left, strict=True):
            _settle(upload, close, bucket)
        return []
    # The close may have reached the server while the answer did not reach the client.
    unacknowledged = [
        upload
        for upload in uploads
        if upload.entry.end != UPLOADED and upload.entry.started_at is not None and not upload.is_partial
    ]
    for upload in (*acknowledged, *unacknowledged):
        fitting = [close for close in left if _fits(upload.entry, close)]
        if fitting:
            same_size = [close for close in fitting if close.size_bytes == upload.entry.size_bytes]
            chosen = (same_size or fitting)[0]
            left.remove(chosen)
            _settle(upload, chosen, bucket)
    return left


def _fits(entry: LedgerEntry, close: ClosedUpload) -> bool:
    not_too_early = entry.started_at is None or close.closed_at >= entry.started_at - CLOCK_SLACK_S
    answered_at = entry.ended_at if entry.end == UPLOADED else None
    return not_too_early and (answered_at is None or close.closed_at <= answered_at + CLOCK_SLACK_S)


def _settle(upload: Upload, close: ClosedUpload, bucket: str) -> None:
    upload.version_id = close.version_id
    upload.file_id = identity.file_id(bucket, close.key, close.version_id)
