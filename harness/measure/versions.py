"""One version of one key of a bucket."""

from __future__ import annotations

from dataclasses import dataclass

from harness.measure.records import Check


@dataclass(slots=True)
class ObjectVersion:
    """One version of one key, or one delete marker."""

    key: str
    version_id: str
    size_bytes: int
    modified_at: float
    is_delete_marker: bool = False
    is_latest: bool = False
    sha256: str | None = None
    """Filled by `hash_versions`; stays `None` when the version vanished before it could be read."""
    unpacked_bytes: int | None = None
    """Size of what was compressed; filled by `hash_versions`."""
    damage: str | None = None
    """What is wrong with its encoding; filled by `hash_versions`."""
    md5: int | None = None
    """Of its bytes, where S3's ETag tells it."""
    check: Check | None = None
    """What it was checked by instead of reading it back, where that was left out and is not plain to see."""
    file_id: str | None = None
    """The upload that its tag says it was copied from; filled by `read_tags`."""

    @property
    def content_bytes(self) -> int:
        """Size of its content, unpacked."""
        return self.size_bytes if self.unpacked_bytes is None else self.unpacked_bytes
