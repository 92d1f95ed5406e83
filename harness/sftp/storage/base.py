"""What the front end asks of object storage, and the errors that it gets.

AwsError
└── StorageError              anything else that S3 refused
    ├── ObjectNotFoundError   no such key, bucket or upload
    ├── StorageDeniedError    the role may not
    └── StorageBusyError      throttled, timed out or not reachable: may work later
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.exceptions import AwsError

Metadata = Mapping[str, str]


class StorageError(AwsError):
    """S3 refused a call."""


class ObjectNotFoundError(StorageError):
    """There is no such key, bucket or multipart upload."""


class StorageDeniedError(StorageError):
    """The caller may not do this."""


class StorageBusyError(StorageError):
    """S3 throttles, times out or cannot be reached."""


@dataclass(frozen=True)
class StoredObject:
    """What S3 says of an object that was just written; `etag` has no quotes."""

    etag: str
    version_id: str | None


@dataclass(frozen=True)
class ObjectInfo:
    """One existing object."""

    key: str
    size_bytes: int
    modified_at: float
    etag: str = ""
    version_id: str | None = None


@dataclass(frozen=True)
class ListPage:
    """Part of a listing. `prefixes` end with the delimiter."""

    objects: Sequence[ObjectInfo]
    prefixes: Sequence[str]
    next_token: str | None


@dataclass(frozen=True)
class Part:
    """One finished part of a multipart upload."""

    number: int
    etag: str


class Storage(Protocol):
    """Every method raises `StorageError` or one of its kinds, and nothing else."""

    async def put(self, bucket: str, key: str, data: bytes | bytearray, metadata: Metadata) -> StoredObject:
        """Write a whole object."""

    async def create_multipart(self, bucket: str, key: str, metadata: Metadata) -> str:
        """Begin a multipart upload; returns its id."""

    async def put_part(
        self, bucket: str, key: str, upload_id: str, number: int, data: bytes | bytearray
    ) -> Part:
        """Write part `number`, counted from 1."""

    async def complete_multipart(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[Part]
    ) -> StoredObject:
        """Make the object appear."""

    async def abort_multipart(self, bucket: str, key: str, upload_id: str) -> None:
        """Throw the parts away."""

    async def head(self, bucket: str, key: str) -> ObjectInfo:
        """Describe an object."""

    async def read(self, bucket: str, info: ObjectInfo, start: int, end: int) -> bytes:
        """Return bytes `start` to `end` (exclusive) of exactly the version that `info` describes."""

    async def list_page(self, bucket: str, prefix: str, token: str | None, limit: int) -> ListPage:
        """Return one page of what is directly under `prefix` (delimiter `/`)."""

    async def has_keys(self, bucket: str, prefix: str, *, besides: str | None = None) -> bool:
        """Tell whether any key begins with `prefix`, not counting the key `besides`."""

    async def copy(self, bucket: str, source: ObjectInfo, to_bucket: str, to_key: str) -> StoredObject:
        """Copy exactly the version that `source` describes, with its metadata."""

    async def delete(self, bucket: str, key: str) -> None:
        """Remove an object; one that does not exist is no error."""

    async def close(self) -> None:
        """Release connections and threads."""
