"""What makes an upload itself: its stable id, its owner, and its place in the order of uploads to one key."""

from __future__ import annotations

import hashlib


def file_id(bucket: str, key: str, version_id: str) -> str:
    """Return the stable id of one upload: 32 hex digits of SHA-256 over bucket, version id and key.

    The parts are joined by NUL; only the key, which comes last, could hold one itself.
    """
    return hashlib.sha256(f"{bucket}\0{version_id}\0{key}".encode()).hexdigest()[:32]


def upload_version(version_id: str | None, etag: str, sequencer: str) -> str:
    """Return what tells this upload from others to its key.

    That is the version id. A bucket without versioning has none; there ETag and sequencer stand in, which
    together are the same in every repetition of one event and differ between two uploads.
    """
    return version_id or f"{etag}/{sequencer}"


def customer_id(key: str) -> str:
    """Return the customer that a key belongs to: its first path segment, which is the SFTP home folder."""
    return key.split("/", 1)[0]


def is_newer(sequencer: str, other: str) -> bool:
    """Tell whether an event is later than `other`, both of the same key.

    Sequencers are hexadecimal texts of unequal length: the shorter is padded with zeros on the right, then
    they are compared as texts.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    width = max(len(sequencer), len(other))
    return sequencer.upper().ljust(width, "0") > other.upper().ljust(width, "0")
