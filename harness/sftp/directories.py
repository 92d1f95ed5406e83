"""From the path that a client sends to a bucket and key, and nowhere else.

LOGICAL homes (https://docs.aws.amazon.com/transfer/latest/userguide/logical-dir-mappings.html): the longest
mapped entry wins, folders above mapped entries exist but are read-only, everything else does not exist.
Paths are resolved here, by text alone, before S3 is asked, so `..` can never leave the home. Only the bytes
`.` and `..` are special: `%2e%2e` and look-alikes from other alphabets are ordinary names, because S3 would
take them as such too.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.sftp.identity import Mapping

MAX_KEY_BYTES = 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""


class BadPathError(Exception):
    """The path cannot be a name in S3: not UTF-8, NUL inside, or a key that is too long."""


class UnmappedPathError(Exception):
    """No mapping covers the path."""


@dataclass(frozen=True)
class Mapped:
    """A place in a bucket. `key` has no slash at its end; it is empty when a whole bucket is mapped."""

    path: str
    bucket: str
    key: str
    is_root: bool
    """The path is a mapped entry itself: a folder that always exists."""

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
    """A read-only folder above mapped entries."""

    path: str


Location = Mapped | Virtual


class Directories:
    """The tree that one user sees."""

    def __init__(self, mappings: tuple[Mapping, ...]) -> None:
        self._by_entry = {mapping.entry: mapping for mapping in mappings}

    def resolve(self, raw: bytes) -> Location:
        """Return where `raw` is.

        :raises BadPathError: it cannot be a name in S3
        :raises UnmappedPathError: it is outside of what the user may see
        """
        path = normalise(raw)
        for entry in _upwards(path):
            if mapping := self._by_entry.get(entry):
                return _inside(mapping, path)
        if self.names_below(path):
            return Virtual(path)
        raise UnmappedPathError(path)

    def names_below(self, path: str) -> list[str]:
        """Return the names in folder `path` that exist only because a mapped entry is below them."""
        start = "/" if path == "/" else f"{path}/"
        below = (entry for entry in self._by_entry if entry.startswith(start) and entry != "/")
        return sorted({entry[len(start) :].split("/", 1)[0] for entry in below})


def normalise(raw: bytes) -> str:
    """Return the absolute path without `.`, `..` and doubled slashes; `..` at the top stays at the top.

    :raises BadPathError: not UTF-8, or NUL inside
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise BadPathError("names must be UTF-8") from exc
    if "\0" in text:
        raise BadPathError("names must not contain NUL")
    parts: list[str] = []
    for part in text.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def _upwards(path: str) -> list[str]:
    parts = path.split("/")[1:]
    return ["/" + "/".join(parts[:count]) for count in range(len(parts), 0, -1)] + ["/"]


def _inside(mapping: Mapping, path: str) -> Mapped:
    rest = path[len(mapping.entry) :].strip("/") if mapping.entry != "/" else path[1:]
    key = "/".join(part for part in (mapping.prefix, rest) if part)
    if len(key.encode()) > MAX_KEY_BYTES:
        raise BadPathError(f"the S3 key would be longer than {MAX_KEY_BYTES} bytes")
    return Mapped(path, mapping.bucket, key, is_root=not rest)
