"""Joining what the sender says with what the SFTP server (or the source bucket) says about the same upload.

The key carries the ledger id in every scenario but the one on repeated keys, where one key has several
uploads; those are paired in the order of time. The result gives each ledger entry its version id, and with
it the `file_id` under which the pipeline knows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness import identity
from harness.load.ledger_format import WORKER_LOST
from harness.measure.ledger import UPLOADED, LedgerEntry
from harness.measure.uploads import AbortedUpload, ClosedUpload, PartialUpload, SftpEvent
from harness.measure.versions import ObjectVersion

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
    md5: int | None = None
    """Of the stored bytes, where S3's ETag tells it."""
    partial_bytes: int | None = None
    """Size of the object that it left in the source bucket when it broke off; `None` where it left none."""

    @property
    def is_partial(self) -> bool:
        """It broke off, and what had arrived is an object in the source bucket."""
        return self.partial_bytes is not None

    @property
    def stored(self) -> bool:
        """The file is in the source bucket as a whole, whatever the client came to know of it."""
        return self.version_id is not None and self.partial_bytes is None

    @property
    def uploaded(self) -> bool:
        """It counts as uploaded: the client got its answer, or the object is there all the same."""
        return self.entry.end == UPLOADED or self.stored


class UploadsByKey(Mapping[str, Sequence[Upload]]):
    """Uploads in groups of one key each; a list is made only where a key has several, which is rare."""

    def __init__(self, uploads: Iterable[Upload]) -> None:
        self._first: dict[str, Upload] = {}
        self._several: dict[str, list[Upload]] = {}
        for upload in uploads:
            key = upload.entry.key
            if (first := self._first.setdefault(key, upload)) is not upload:
                self._several.setdefault(key, [first]).append(upload)

    def discard(self, key: str) -> None:
        """Forget the uploads of a key."""
        self._first.pop(key, None)
        self._several.pop(key, None)

    def only(self, key: str) -> Upload | None:
        """Return the upload of a key that has no other one."""
        return None if key in self._several else self._first.get(key)

    def __getitem__(self, key: str) -> Sequence[Upload]:
        return self._several.get(key) or (self._first[key],)

    def __contains__(self, key: object) -> bool:
        return key in self._first

    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    def __len__(self) -> int:
        return len(self._first)


@dataclass(slots=True)
class Joined:
    """All uploads of a run in the order of the ledger, and objects that no ledger entry explains."""

    uploads: list[Upload]
    by_key: UploadsByKey
    extra_file_ids: dict[str, list[str]] = field(default_factory=dict)
    """Key to `file_id`s of objects on the run's keys that nobody in the ledger uploaded."""
    unlisted: set[str] = field(default_factory=set)
    """Ledger ids in keys of objects, without a line in the ledger: there was no room, or it was cut."""


SETTLED = Upload(LedgerEntry("", "", "", 0, 0.0, end=UPLOADED), version_id="-")
"""Stands for uploads whose record has been made and of which nothing else is to be asked any more."""


def join(
    entries: Iterable[LedgerEntry], events: Iterable[SftpEvent], bucket: str, run_id: str | None = None
) -> Joined:
    """Pair ledger entries with the SFTP server's events on the same key; events on other keys are left out.

    :param bucket: the source bucket, part of every `file_id`
    :param run_id: by which objects of the run are known that the ledger should tell of
    """
    uploads = [Upload(entry) for entry in entries]
    joined = Joined(uploads, UploadsByKey(uploads))
    by_key, closes = joined.by_key, _Closes()
    for event in events:
        if isinstance(event, AbortedUpload):
            _explain(by_key.get(event.key, ()), event)
        elif isinstance(event, PartialUpload):
            _take_partial(joined, event, bucket)
        elif event.key in by_key:
            closes.add(event)
        elif run_id and (found_id := re.search(rf"{re.escape(run_id)}-\d{{7,}}", event.key)):
            joined.unlisted.add(found_id[0])
    if joined.unlisted:  # the name that a file has while it is written is no key of the ledger either
        joined.unlisted.difference_update(upload.entry.ledger_id for upload in uploads)
    for found in closes.take():
        _match(joined, found, bucket)
    return joined


class _Closes:
    """Closes in groups of one key each; a list is made only where a key has several."""

    def __init__(self) -> None:
        self._first: dict[str, ClosedUpload] = {}
        self._several: dict[str, list[ClosedUpload]] = {}

    def add(self, close: ClosedUpload) -> None:
        if (first := self._first.setdefault(close.key, close)) is not close:
            self._several.setdefault(close.key, [first]).append(close)

    def take(self) -> Iterator[Sequence[ClosedUpload]]:
        """Yield each group and forget it: what is made of them needs the room."""
        while self._first:
            key, first = self._first.popitem()
            yield self._several.pop(key, [first])


def _match(joined: Joined, closes: Sequence[ClosedUpload], bucket: str) -> None:
    """Share the closes of one key out among its uploads."""
    key = closes[0].key
    upload = joined.by_key.only(key)
    if upload and len(closes) == 1 and upload.entry.end == UPLOADED:
        _settle(upload, closes[0], bucket)
    elif left := _pair(joined.by_key[key], closes, bucket):
        extra = joined.extra_file_ids.setdefault(key, [])
        extra += [identity.file_id(bucket, key, close.version_id) for close in left]


def without_version(joined: Joined) -> list[Upload]:
    """Uploads that the client saw succeed and of which the SFTP server left no line."""
    return [upload for upload in joined.uploads if upload.entry.end == UPLOADED and not upload.stored]


def learn_versions(joined: Joined, source: Mapping[str, Sequence[ObjectVersion]], bucket: str) -> None:
    """Give uploads without a version id the versions that the source bucket holds for their key."""
    for key in {upload.entry.key for upload in without_version(joined)}:
        known = {upload.version_id for upload in joined.by_key[key]}
        candidates = [
            ClosedUpload(key, version.version_id, version.size_bytes, version.modified_at, version.md5)
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
        if upload.entry.end != UPLOADED and _may_be_stored(upload.entry) and not upload.is_partial
    ]
    for upload in (*acknowledged, *unacknowledged):
        fitting = [close for close in left if _fits(upload.entry, close)]
        if fitting:
            same_size = [close for close in fitting if close.size_bytes == upload.entry.size_bytes]
            chosen = (same_size or fitting)[0]
            left.remove(chosen)
            _settle(upload, chosen, bucket)
    return left


def _may_be_stored(entry: LedgerEntry) -> bool:
    """It was begun, or nobody can say: its process died before it told, or the master spoke in its place."""
    return entry.started_at is not None or entry.end is None or entry.cause == WORKER_LOST


def _fits(entry: LedgerEntry, close: ClosedUpload) -> bool:
    begun_at = entry.intended_at if entry.started_at is None else entry.started_at
    not_too_early = close.closed_at >= begun_at - CLOCK_SLACK_S
    answered_at = entry.ended_at if entry.end == UPLOADED else None
    return not_too_early and (answered_at is None or close.closed_at <= answered_at + CLOCK_SLACK_S)


def _settle(upload: Upload, close: ClosedUpload, bucket: str) -> None:
    upload.version_id, upload.md5 = close.version_id, close.md5
    upload.file_id = identity.file_id(bucket, close.key, close.version_id)
