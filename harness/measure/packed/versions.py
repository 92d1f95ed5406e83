"""Versions of a bucket by key; the only version of a key is packed until somebody is to write on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from struct import Struct

from harness.measure.versions import ObjectVersion

_FORM = Struct("<qdBq")
_NO_MD5 = -1


class PackedVersions(Mapping[str, list[ObjectVersion]]):
    """Reads like a `dict` of lists, the oldest version first. What is taken out by `[]` can be changed."""

    def __init__(self, versions: Mapping[str, Sequence[ObjectVersion]] | None = None) -> None:
        self._packed: dict[str, bytes] = {}
        self._open: dict[str, list[ObjectVersion]] = {}
        for key, found in (versions or {}).items():
            self[key] = found

    def update(self, versions: PackedVersions) -> None:
        """Take over all keys of another one."""
        for key in versions:
            self[key] = versions.peek(key)

    def add(self, version: ObjectVersion) -> None:
        """Add the version of a listing, or replace it."""
        known = {known.version_id: known for known in self.peek(version.key)}
        self[version.key] = [*{**known, version.version_id: version}.values()]

    def add_listed(self, version: ObjectVersion) -> None:
        """Add a version of which no other one of the key was seen, in most cases."""
        if version.key in self._packed or version.key in self._open:
            self.add(version)
        else:
            self[version.key] = (version,)

    def order(self) -> None:
        """Bring the versions of a listing, which are the newest first, into the order of time."""
        for versions in self._open.values():
            # Times may have a resolution of one second only: what is left is S3's own order.
            versions.reverse()
            versions.sort(key=lambda version: version.modified_at)

    def discard(self, key: str) -> None:
        """Forget a key if it is there."""
        self._packed.pop(key, None)
        self._open.pop(key, None)

    def peek(self, key: str) -> Sequence[ObjectVersion]:
        """Return the versions of a key, none where there are none, to be read only."""
        packed = self._packed.get(key)
        return self._open.get(key, ()) if packed is None else (_unpack(key, packed),)

    def facts(self, key: str) -> tuple[int, int | None] | None:
        """Return size and MD5 of a packed version, which costs less than to look at it; `None` for others."""
        packed = self._packed.get(key)
        if packed is None:
            return None
        size_bytes, _, _, md5 = _FORM.unpack_from(packed)
        return size_bytes, None if md5 == _NO_MD5 else md5

    def __setitem__(self, key: str, versions: Sequence[ObjectVersion]) -> None:
        packed = _pack(versions[0]) if len(versions) == 1 else None
        if packed is None:
            self._packed.pop(key, None)
            self._open[key] = list(versions)
        else:
            self._open.pop(key, None)
            self._packed[key] = packed

    def __getitem__(self, key: str) -> list[ObjectVersion]:
        packed = self._packed.pop(key, None)
        if packed is not None:
            self._open[key] = [_unpack(key, packed)]
        return self._open[key]

    def __contains__(self, key: object) -> bool:
        return key in self._packed or key in self._open

    def __iter__(self) -> Iterator[str]:
        return iter([*self._packed, *self._open])

    def __len__(self) -> int:
        return len(self._packed) + len(self._open)


def _pack(version: ObjectVersion) -> bytes | None:
    """Return the version in bytes, or `None` where more than the listing says has been learned."""
    if version.is_delete_marker or version.sha256 is not None or version.unpacked_bytes is not None:
        return None
    if version.damage is not None or version.check is not None or version.file_id is not None:
        return None
    md5 = _NO_MD5 if version.md5 is None else version.md5
    facts = _FORM.pack(version.size_bytes, version.modified_at, version.is_latest, md5)
    return facts + version.version_id.encode()


def _unpack(key: str, packed: bytes) -> ObjectVersion:
    size_bytes, modified_at, is_latest, md5 = _FORM.unpack_from(packed)
    return ObjectVersion(
        key,
        packed[_FORM.size :].decode(),
        size_bytes,
        modified_at,
        is_latest=bool(is_latest),
        md5=None if md5 == _NO_MD5 else md5,
    )
