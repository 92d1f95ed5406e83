from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.sftp.authorisation import AccessDeniedError, Action, Authorisation, MappedAuthoriser
from harness.sftp.directories import (
    BadPathError,
    LogicalDirectories,
    Mapped,
    PathDirectories,
    UnmappedPathError,
    Virtual,
    normalise,
)
from harness.sftp.identity import Mapping, User

pytestmark = pytest.mark.unit

HOME = LogicalDirectories((Mapping("/", "bucket", "alice"),))
MAPPINGS = (
    Mapping("/in", "bucket", "alice/in"),
    Mapping("/deep/er/out", "other", ""),
    Mapping("/in/special", "third", "elsewhere"),
)
SEVERAL = LogicalDirectories(MAPPINGS)


def _only_the_home() -> Authorisation:
    user = User("alice", "role", home_directory_type="LOGICAL", mappings=(Mapping("/", "bucket", "alice"),))
    return MappedAuthoriser().for_session(user, session_id="1", source_ip="127.0.0.1")


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (b"a", "alice/a"),
        (b"/a", "alice/a"),
        (b"//a//b/", "alice/a/b"),
        (b"./a/./b/.", "alice/a/b"),
        (b"../../a", "alice/a"),
        (b"/a/../../../b", "alice/b"),
        (b"a/b/../c", "alice/a/c"),
        (b"%2e%2e/a", "alice/%2e%2e/a"),
        ("\uff0e\uff0e/a".encode(), "alice/\uff0e\uff0e/a"),
        (b"...", "alice/..."),
        (b"..a", "alice/..a"),
        (b"a\\..\\b", "alice/a\\..\\b"),
        (b" ", "alice/ "),
        ("e\u0301".encode(), "alice/e\u0301"),
    ],
)
def test_paths_become_keys(raw: bytes, key: str) -> None:
    place = HOME.resolve(raw)
    assert isinstance(place, Mapped)
    assert (place.bucket, place.key) == ("bucket", key)
    assert place.real_path == f"/bucket/{key}"


@pytest.mark.parametrize("raw", [b"", b"/", b".", b"..", b"a/..", b"/../.."])
def test_the_home_itself(raw: bytes) -> None:
    place = HOME.resolve(raw)
    assert isinstance(place, Mapped)
    assert place.is_root
    assert place.prefix == "alice/"


@pytest.mark.parametrize(
    "raw", [b"\xff", b"a/\xc3(", b"\xc0\xae\xc0\xae/a", b"\xed\xa0\x80", b"a\0b", b"x" * 1019]
)
def test_names_that_s3_cannot_hold(raw: bytes) -> None:
    with pytest.raises(BadPathError):
        HOME.resolve(raw)


def test_a_key_may_have_1024_bytes() -> None:
    place = HOME.resolve(b"x" * 1018)
    assert isinstance(place, Mapped)
    assert len(place.key) == 1024


def test_the_longest_entry_wins() -> None:
    assert SEVERAL.resolve(b"/in/a") == Mapped("/in/a", "bucket", "alice/in/a", is_root=False)
    assert SEVERAL.resolve(b"/in/special/a") == Mapped("/in/special/a", "third", "elsewhere/a", is_root=False)
    assert SEVERAL.resolve(b"/in/specialist") == Mapped(
        "/in/specialist", "bucket", "alice/in/specialist", is_root=False
    )


def test_a_whole_bucket_can_be_mapped() -> None:
    place = SEVERAL.resolve(b"/deep/er/out/file")
    assert place == Mapped("/deep/er/out/file", "other", "file", is_root=False)
    root = SEVERAL.resolve(b"/deep/er/out")
    assert isinstance(root, Mapped)
    assert (root.key, root.prefix, root.real_path, root.is_root) == ("", "", "/other", True)


def test_parents_of_entries_are_virtual_and_list_their_children() -> None:
    assert SEVERAL.resolve(b"/") == Virtual("/")
    assert SEVERAL.resolve(b"/deep/er") == Virtual("/deep/er")
    assert SEVERAL.names_below("/") == ["deep", "in"]
    assert SEVERAL.names_below("/deep/er") == ["out"]
    assert SEVERAL.names_below("/in") == ["special"]


@pytest.mark.parametrize("raw", [b"/", b"/key"])
def test_a_directory_bucket_is_not_served(raw: bytes) -> None:
    with pytest.raises(UnmappedPathError):
        PathDirectories().resolve(b"/bucket--use1-az4--x-s3" + raw)
    mapped = LogicalDirectories((Mapping("/", "bucket--use1-az4--x-s3", "key"),))
    with pytest.raises(UnmappedPathError):
        mapped.resolve(raw)


@pytest.mark.parametrize("raw", [b"/other", b"/deeper", b"/deep/er/outside", b"/inn"])
def test_what_no_entry_covers_does_not_exist(raw: bytes) -> None:
    with pytest.raises(UnmappedPathError):
        SEVERAL.resolve(raw)


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet="./a%2e\\", max_size=40).map(str.encode))
def test_no_path_leaves_the_home(raw: bytes) -> None:
    try:
        place = HOME.resolve(raw)
    except BadPathError:
        return
    assert isinstance(place, Mapped)
    assert place.bucket == "bucket"
    assert place.key == "alice" or place.key.startswith("alice/")
    assert not {"", ".", ".."} & set(place.key.split("/"))
    asyncio.run(_only_the_home().require(Action.GET, place.bucket, place.key))


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_normalising_twice_changes_nothing(raw: bytes) -> None:
    try:
        once = normalise(raw)
    except BadPathError:
        return
    assert once.startswith("/")
    assert normalise(once.encode()) == once


@pytest.mark.parametrize(
    ("bucket", "key"), [("bucket", "bob/x"), ("bucket", "alicia/x"), ("other", "alice/x"), ("bucket", "")]
)
def test_what_is_not_mapped_is_not_allowed(bucket: str, key: str) -> None:
    with pytest.raises(AccessDeniedError):
        asyncio.run(_only_the_home().require(Action.PUT, bucket, key))
