"""From the path that a client sends to a bucket and key, and nowhere else.

PATH homes (https://docs.aws.amazon.com/transfer/latest/userguide/transfer-file.html): the client sees
`/bucket/key` as it is, begins in its home, and may go anywhere that its policies allow.
LOGICAL homes (https://docs.aws.amazon.com/transfer/latest/userguide/logical-dir-mappings.html): the longest
mapped entry wins, folders above mapped entries exist but are read-only, everything else does not exist.

Paths are resolved here, by text alone, before S3 is asked, so `..` can never leave the home. Only the bytes
`.` and `..` are special: `%2e%2e` and look-alikes from other alphabets are ordinary names, because S3 would
take them as such too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from typing import Protocol

from harness.sftp.identity import Mapping, User

MAX_KEY_BYTES = 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""
_BUCKET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}")
"""Wider than today's rules, which buckets of before 2018 need not follow:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
"""

_DIRECTORY_BUCKET = "--x-s3"
"""How names of S3 Express buckets end. Transfer Family does not serve them, and the SDK would look for each
at a host of its own (https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-bucket-naming-rules.html).
"""


class BadPathError(Exception):
    """The path cannot be a name in S3: not UTF-8, NUL inside, or a key that is too long."""


class UnmappedPathError(Exception):
    """No mapping covers the path, or its first segment cannot be a bucket."""


@dataclass(frozen=True)
class Mapped:
    """A place in a bucket. `key` has no slash at its end; it is empty for a whole bucket."""

    path: str
    bucket: str
    key: str
    is_root: bool
    """A folder that cannot be made, removed or renamed: a mapped entry, or a bucket."""
    is_named_bucket: bool = False
    """A bucket that the client named by itself (PATH). A mapped entry exists because it is mapped; this one
    only if S3 has it.
    """

    @property
    def prefix(self) -> str:
        """What keys inside this folder begin with."""
        return f"{self.key}/" if self.key else ""

    @property
    def real_path(self) -> str:
        """`/bucket/key`, as the logs show it."""
        return f"/{self.bucket}/{self.key}" if self.key else f"/{self.bucket}"


@dataclass(frozen=True)
class Virtual:
    """A read-only folder that is in no bucket."""

    path: str
    is_listable: bool = True
    """Folders above mapped entries are. `/` of a PATH home is not: it would be the list of all buckets, and
    AWS says that file operations there fail.
    """


Location = Mapped | Virtual


class Directories(Protocol):
    """The tree that one user sees. Every method raises `BadPathError` for what cannot be a name in S3."""

    @property
    def home(self) -> str:
        """Absolute path in which the client begins."""

    def absolute(self, raw: bytes) -> str:
        """Return the path as REALPATH answers it; a relative one begins in the home."""

    def resolve(self, raw: bytes) -> Location:
        """Return where `raw` is.

        :raises UnmappedPathError: it is outside of what the user may see
        """

    def names_below(self, path: str) -> list[str]:
        """Return the names in folder `path` that exist only because a mapped entry is there or below."""

    def files_below(self, path: str) -> Dictionary[str, Mapped]:
        """Return those of `names_below` that are single objects (`Type` FILE)."""


def directories_of(user: User) -> Directories:
    """Return the tree for the user's type of home."""
    if user.home_directory_type == "LOGICAL":
        return LogicalDirectories(user.mappings, user.home_directory)
    return PathDirectories(user.home_directory)


class PathDirectories:
    """The buckets as they are: the first segment of a path is the bucket."""

    def __init__(self, home: str = "") -> None:
        self.home = _plain(home) or "/"

    def absolute(self, raw: bytes) -> str:
        return normalise(raw, self.home)

    def resolve(self, raw: bytes) -> Location:
        path = self.absolute(raw)
        bucket, _, key = path[1:].partition("/")
        if not bucket:
            return Virtual(path, is_listable=False)
        _check(bucket, key, path)
        return Mapped(path, bucket, key, is_root=not key, is_named_bucket=not key)

    def names_below(self, path: str) -> list[str]:  # noqa: ARG002
        return []

    def files_below(self, path: str) -> Dictionary[str, Mapped]:  # noqa: ARG002
        return {}


class LogicalDirectories:
    """A tree of mapped entries. Entries may lie below each other: identity providers are not asked to avoid
    it, only the Transfer API is (https://docs.aws.amazon.com/transfer/latest/userguide/create-user.html).
    """

    def __init__(self, mappings: tuple[Mapping, ...], home: str = "") -> None:
        by_entry = ((_plain(mapping.entry), mapping) for mapping in mappings)
        self._by_entry = {entry: mapping for entry, mapping in by_entry if entry is not None}
        self.home = _plain(home) or "/"

    def absolute(self, raw: bytes) -> str:
        return normalise(raw, self.home)

    def resolve(self, raw: bytes) -> Location:
        path = self.absolute(raw)
        for entry in _upwards(path):
            if mapping := self._by_entry.get(entry):
                return _inside(mapping, entry, path)
        if self.names_below(path):
            return Virtual(path)
        raise UnmappedPathError(path)

    def names_below(self, path: str) -> list[str]:
        start = _as_folder(path)
        below = (entry for entry in self._by_entry if entry.startswith(start) and entry != "/")
        return sorted({entry[len(start) :].split("/", 1)[0] for entry in below})

    def files_below(self, path: str) -> Dictionary[str, Mapped]:
        start = _as_folder(path)
        files = {entry: m for entry, m in self._by_entry.items() if m.type == "FILE"}
        return {
            entry[len(start) :]: _inside(mapping, entry, entry)
            for entry, mapping in files.items()
            if entry.startswith(start) and "/" not in entry[len(start) :]
        }


def normalise(raw: bytes, home: str = "/") -> str:
    """Return the absolute path without `.`, `..` and doubled slashes; `..` at the top stays at the top.

    :param home: where relative paths begin
    :raises BadPathError: not UTF-8, or NUL inside
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise BadPathError("names must be UTF-8") from exc
    if "\0" in text:
        raise BadPathError("names must not contain NUL")
    parts: list[str] = []
    for part in (text if text.startswith("/") else f"{home}/{text}").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def _plain(given: str) -> str | None:
    """Return a path that an administrator gave; nothing for one that no client can ever name."""
    try:
        return normalise(given.encode(errors="surrogatepass"))
    except BadPathError:
        return None


def _upwards(path: str) -> list[str]:
    parts = path.split("/")[1:]
    return ["/" + "/".join(parts[:count]) for count in range(len(parts), 0, -1)] + ["/"]


def _as_folder(path: str) -> str:
    return "/" if path == "/" else f"{path}/"


def _inside(mapping: Mapping, entry: str, path: str) -> Mapped:
    rest = path[len(entry) :].strip("/") if entry != "/" else path[1:]
    if mapping.type == "FILE" and rest:
        raise UnmappedPathError(path)
    key = "/".join(part for part in (mapping.prefix, rest) if part)
    _check(mapping.bucket, key, path)
    return Mapped(path, mapping.bucket, key, is_root=not rest and mapping.type != "FILE")


def _check(bucket: str, key: str, path: str) -> None:
    """A mapping, too, must not lead through `..`: libraries for S3 resolve it like a web browser does.

    :raises BadPathError: S3 cannot have such a key
    :raises UnmappedPathError: S3 cannot have such a bucket
    """
    if not _BUCKET_NAME.fullmatch(bucket) or bucket.endswith(_DIRECTORY_BUCKET):
        raise UnmappedPathError(path)
    if not {".", ".."}.isdisjoint(key.split("/")):
        raise BadPathError("the S3 key would have a segment `.` or `..`")
    try:
        size_bytes = len(key.encode())
    except UnicodeEncodeError as exc:
        raise BadPathError("names must be UTF-8") from exc
    if size_bytes > MAX_KEY_BYTES:
        raise BadPathError(f"the S3 key would be longer than {MAX_KEY_BYTES} bytes")
