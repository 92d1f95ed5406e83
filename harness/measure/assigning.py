"""Which upload a version at the destination came from.

Evidence in falling order: the version names its `file_id` itself (a tag), a row claims the version,
there is only one upload of that key, the bytes are the ones that a sender hashed, the order of time. A
version that nothing claims is one too many: it counts as a duplicate of its key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from harness.measure.joining import Joined, Upload
from harness.measure.packed.versions import PackedVersions
from harness.measure.rows import SUPERSEDED, Row
from harness.measure.versions import ObjectVersion

VersionsByUpload = dict[int, list[ObjectVersion]]
"""`id()` of an `Upload` to its versions at the destination."""


def ambiguous_keys(joined: Joined, destination: Collection[str]) -> list[str]:
    """Keys where more than one upload could have made the versions that are there."""
    by_key, extra = joined.by_key, joined.extra_file_ids
    return [key for key in destination if key in extra or (key in by_key and by_key.only(key) is None)]


class Assigned:
    """Every destination version of the run's keys, given to one upload."""

    def __init__(self, joined: Joined, destination: PackedVersions, rows: Mapping[str, Row]) -> None:
        self._destination = destination
        self._ambiguous = frozenset(ambiguous_keys(joined, destination))
        self._shared: VersionsByUpload = {}
        for key in self._ambiguous:
            extra = joined.extra_file_ids.get(key, ())
            _assign_key(joined.by_key[key], destination[key], rows, extra, self._shared)

    def to(self, upload: Upload) -> Sequence[ObjectVersion]:
        """Return what came of an upload, to be read only."""
        key = upload.entry.key
        if key in self._ambiguous:
            return self._shared.get(id(upload), ())
        return self._destination.peek(key)


def _assign_key(
    uploads: Sequence[Upload],
    versions: Sequence[ObjectVersion],
    rows: Mapping[str, Row],
    extra_file_ids: Collection[str],
    assigned: VersionsByUpload,
) -> None:
    by_file_id = {upload.file_id: upload for upload in uploads if upload.file_id}
    claims = _claims([*by_file_id, *extra_file_ids], rows)
    unclaimed: list[ObjectVersion] = []
    for version in versions:
        owner_id = version.file_id or claims.get(version.version_id)
        if owner_id in by_file_id:
            assigned.setdefault(id(by_file_id[owner_id]), []).append(version)
        elif owner_id not in extra_file_ids:
            unclaimed.append(version)
    for version in unclaimed:
        owner = _likely_owner(uploads, version, rows, assigned)
        assigned.setdefault(id(owner), []).append(version)


def _claims(file_ids: Sequence[str], rows: Mapping[str, Row]) -> dict[str, str]:
    claims: dict[str, str] = {}
    for file_id in file_ids:
        row = rows.get(file_id)
        if row and row.destination_version_id:
            claims.setdefault(row.destination_version_id, file_id)
    return claims


def _likely_owner(
    uploads: Sequence[Upload],
    version: ObjectVersion,
    rows: Mapping[str, Row],
    assigned: VersionsByUpload,
) -> Upload:
    same_bytes = [upload for upload in uploads if version.sha256 and upload.entry.sha256 == version.sha256]
    waiting = [
        upload
        for upload in uploads
        if id(upload) not in assigned and _may_still_have(upload, rows) and _may_be(upload, version)
    ]
    both = [upload for upload in same_bytes if upload in waiting]
    candidates = both or same_bytes or waiting
    return candidates[0] if candidates else uploads[-1]


def _may_still_have(upload: Upload, rows: Mapping[str, Row]) -> bool:
    row = rows.get(upload.file_id) if upload.file_id else None
    return upload.entry.started_at is not None and (row is None or row.status != SUPERSEDED)


def _may_be(upload: Upload, version: ObjectVersion) -> bool:
    """What a partial upload left has the size that the server wrote down."""
    return upload.partial_bytes in (None, version.content_bytes)
