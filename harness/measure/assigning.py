"""Which upload a version at the destination came from.

Evidence in falling order: the version names its `file_id` itself (a tag), a row claims the version,
there is only one upload of that key, the bytes are the ones that a sender hashed, the order of time. A
version that nothing claims is one too many: it counts as a duplicate of its key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from harness.measure.joining import Joined, Upload
from harness.measure.objects import ObjectVersion
from harness.measure.rows import SUPERSEDED, Row

VersionsByUpload = dict[int, list[ObjectVersion]]
"""`id()` of an `Upload` to its versions at the destination."""


def ambiguous_keys(joined: Joined, destination: Mapping[str, Sequence[ObjectVersion]]) -> list[str]:
    """Keys where more than one upload could have made the versions that are there."""
    return [key for key in destination if len(joined.by_key.get(key, ())) > 1 or key in joined.extra_file_ids]


def assign(
    joined: Joined, destination: Mapping[str, Sequence[ObjectVersion]], rows: Mapping[str, Row]
) -> VersionsByUpload:
    """Give every destination version of the run's keys to one upload."""
    assigned: VersionsByUpload = {}
    for key, versions in destination.items():
        uploads = joined.by_key[key]
        extra = joined.extra_file_ids.get(key, ())
        if len(uploads) == 1 and not extra:
            assigned[id(uploads[0])] = list(versions)
        else:
            _assign_key(uploads, versions, rows, extra, assigned)
    return assigned


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
