"""PATH homes, homes inside LOGICAL trees, FILE entries; and every spelling of a way out of a home."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.sftp.authorisation import AccessDeniedError, Action, Authorisation
from harness.sftp.directories import (
    BadPathError,
    Directories,
    LogicalDirectories,
    Mapped,
    PathDirectories,
    UnmappedPathError,
    Virtual,
    directories_of,
)
from harness.sftp.identity import Mapping, User
from harness.sftp.policies.authoriser import IamAuthoriser
from harness.sftp.policies.variables import Server
from tests.unit.sftp.policies.sources import ALL_OF_S3, ROLE_ARN, MemorySource, role

pytestmark = pytest.mark.unit

PATH = PathDirectories("/bucket/home/alice")
LOGICAL = LogicalDirectories(
    (
        Mapping("/in", "bucket", "home/alice/in"),
        Mapping("/deep/in", "bucket", "home/alice/deep"),
        Mapping("/deep/one.txt", "bucket", "shared/one.txt", "FILE"),
    ),
    home="/deep",
)


@pytest.mark.parametrize(
    ("raw", "bucket", "key"),
    [
        (b"a", "bucket", "home/alice/a"),
        (b".", "bucket", "home/alice"),
        (b"", "bucket", "home/alice"),
        (b"/", None, ""),
        (b"../bob/x", "bucket", "home/bob/x"),
        (b"/other/x//y/", "other", "x/y"),
        (b"../../../other", "other", ""),
        (b"../../../../../../etc/passwd", "etc", "passwd"),
    ],
)
def test_a_path_home_shows_the_buckets_as_they_are(raw: bytes, bucket: str | None, key: str) -> None:
    place = PATH.resolve(raw)
    if bucket is None:
        assert place == Virtual("/", is_listable=False)
    else:
        assert isinstance(place, Mapped)
        assert (place.bucket, place.key, place.is_root) == (bucket, key, not key)
        assert place.path == place.real_path


@pytest.mark.parametrize(
    "raw", [b"/%2e%2e/x", b"/a b/x", b"/ab/x", "/\uff0e\uff0e/x".encode(), b"/-bucket/x", b"/a:b/x"]
)
def test_what_cannot_be_a_bucket_is_nowhere(raw: bytes) -> None:
    with pytest.raises(UnmappedPathError):
        PATH.resolve(raw)


@pytest.mark.parametrize(
    ("directories", "home"),
    [
        (PATH, "/bucket/home/alice"),
        (PathDirectories("/bucket/home/alice/"), "/bucket/home/alice"),
        (PathDirectories(), "/"),
        (LOGICAL, "/deep"),
        (LogicalDirectories((Mapping("/", "bucket", "alice"),)), "/"),
        (LogicalDirectories((), home="/\ud800"), "/"),
        (directories_of(User("alice", "role", home_directory="/bucket/x")), "/bucket/x"),
        (directories_of(User("alice", "role", home_directory_type="LOGICAL", home_directory="/x")), "/x"),
    ],
)
def test_a_session_begins_in_the_home(directories: Directories, home: str) -> None:
    assert directories.absolute(b".") == home
    assert directories.absolute(b"x/..") == home
    assert directories.absolute(b"/x") == "/x"


def test_relative_paths_of_a_logical_home() -> None:
    assert LOGICAL.resolve(b".") == Virtual("/deep")
    assert LOGICAL.resolve(b"in/x") == Mapped("/deep/in/x", "bucket", "home/alice/deep/x", is_root=False)
    assert LOGICAL.resolve(b"../in/x") == Mapped("/in/x", "bucket", "home/alice/in/x", is_root=False)
    assert LOGICAL.resolve(b"../../..") == Virtual("/")


def test_a_file_entry_is_one_object() -> None:
    place = LOGICAL.resolve(b"one.txt")
    assert place == Mapped("/deep/one.txt", "bucket", "shared/one.txt", is_root=False)
    assert LOGICAL.names_below("/deep") == ["in", "one.txt"]
    assert LOGICAL.files_below("/deep") == {"one.txt": place}
    assert LOGICAL.files_below("/") == {}
    for raw in (b"one.txt/x", b"/deep/one.txt/../one.txtx"):
        with pytest.raises(UnmappedPathError):
            LOGICAL.resolve(raw)


@pytest.mark.parametrize(
    ("mapping", "error"),
    [
        (Mapping("/", "bucket", "a/../b"), BadPathError),
        (Mapping("/", "bucket", "./b"), BadPathError),
        (Mapping("/", "bucket", "\ud800"), BadPathError),
        (Mapping("/", "..", "b"), UnmappedPathError),
        (Mapping("/", "bu/cket", "b"), UnmappedPathError),
        (Mapping("/\ud800", "bucket", "b"), UnmappedPathError),
    ],
)
def test_a_mapping_cannot_lead_where_s3_has_nothing(mapping: Mapping, error: type[Exception]) -> None:
    with pytest.raises(error):
        LogicalDirectories((mapping,)).resolve(b"/x")


def test_entries_of_an_identity_provider_may_overlap_and_be_untidy() -> None:
    untidy = LogicalDirectories(
        (Mapping("//in/", "bucket", "a"), Mapping("/", "bucket", "b"), Mapping("/in/x", "bucket", "c"))
    )
    keys = [
        place.key for raw in (b"/in/f", b"/f", b"/in/x/f") if isinstance(place := untidy.resolve(raw), Mapped)
    ]
    assert keys == ["a/f", "b/f", "c/f"]


SPELLINGS = (
    b"..",
    b".",
    b"...",
    b"%2e%2e",
    b"%2E%2E%2F",
    b"%252e%252e%252f",
    b"..%2f",
    b"..%5c",
    b"..\\",
    b"..;",
    b".. ",
    b" ..",
    b"..\t",
    b"..\n",
    b"..\0",
    b"\xc0\xae\xc0\xae",
    b"\xe0\x80\xae\xe0\x80\xae",
    b"\xf0\x80\x80\xaf",
    b"..\xc0\xaf",
    b"..\xc1\x9c",
    b".\x00.",
    b"\xff\xfe.\x00.\x00",
    b"\xef\xbb\xbf..",
    b"+AC4ALgAv-",
    b"&#46;&#46;&#47;",
    b"\\u002e\\u002e",
    b"\\x2e\\x2e/",
    "\uff0e\uff0e".encode(),
    "\u2025".encode(),
    "\u2024\u2024".encode(),
    "\u3002\u3002".encode(),
    "..\u2215".encode(),
    "..\u2044".encode(),
    "..\uff0f".encode(),
    ".\u200b.".encode(),
    ".\u202e.".encode(),
    ".\u0301.".encode(),
    b"\xed\xa0\x80",
    b"~",
    b"~root",
    b"$HOME",
    b"${transfer:UserName}",
    b"*",
    b"?",
    b"C:",
    b"file:",
    b"s3:",
    b"bob",
    b"bucket",
    b"home",
    b"",
)
"""Ways in which servers have been made to take something for `..`, `/` or a name of another folder."""
paths = st.lists(st.sampled_from(SPELLINGS), min_size=1, max_size=8).flatmap(
    lambda parts: st.sampled_from(
        [b"/".join(parts), b"/" + b"/".join(parts), b"\\".join(parts), b"".join(parts)]
    )
)
HOME_ONLY = """{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::${transfer:HomeBucket}",
  "Condition":{"StringLike":{"s3:prefix":"${transfer:HomeFolder}/*"}}},
 {"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${transfer:HomeDirectory}/*"}]}"""


@settings(deadline=None)
@given(paths)
def test_no_spelling_leaves_a_logical_home(raw: bytes) -> None:
    try:
        place = LogicalDirectories((Mapping("/", "bucket", "home/alice"),)).resolve(raw)
    except BadPathError:
        return
    assert isinstance(place, Mapped)
    assert place.bucket == "bucket"
    assert place.key == "home/alice" or place.key.startswith("home/alice/")
    assert {"", ".", ".."}.isdisjoint(place.key.split("/"))


@settings(deadline=None)
@given(paths)
def test_only_plain_dots_mean_anything(raw: bytes) -> None:
    """What is left of the path is in the key byte by byte: nothing was decoded, folded or trimmed."""
    try:
        place = LogicalDirectories((Mapping("/", "bucket", "home/alice"),)).resolve(raw)
    except BadPathError:
        return
    left: list[bytes] = []
    for part in raw.split(b"/"):
        left = left[:-1] if part == b".." else [*left, part] if part not in (b"", b".") else left
    assert isinstance(place, Mapped)
    assert place.key.encode().split(b"/") == [b"home", b"alice", *left]


def _scoped_down() -> Authorisation:
    user = User("alice", ROLE_ARN, home_directory="/bucket/home/alice", policy=HOME_ONLY)
    source = MemorySource({"transfer": role(ALL_OF_S3)})
    server = Server("s-0123456789abcdef0", "us-east-1", "000000000000")
    return IamAuthoriser(source, server, ttl_s=3600.0).for_session(
        user, session_id="1", source_ip="192.0.2.7"
    )


@settings(deadline=None)
@given(paths)
def test_no_spelling_leaves_a_path_home_with_the_session_policy(raw: bytes) -> None:
    try:
        place = PATH.resolve(raw)
    except (BadPathError, UnmappedPathError):
        return
    if isinstance(place, Virtual):
        return
    session = _scoped_down()

    async def is_allowed(action: Action, key: str, prefix: str | None = None) -> bool:
        try:
            await session.require(action, place.bucket, key, prefix=prefix, delimiter="/")
        except AccessDeniedError:
            return False
        return True

    async def answers() -> list[bool]:
        return [
            *[await is_allowed(action, place.key) for action in (Action.GET, Action.PUT, Action.DELETE)],
            await is_allowed(Action.LIST, "", place.prefix),
        ]

    at_home = place.bucket == "bucket" and place.key.startswith("home/alice/")
    is_home = place.bucket == "bucket" and place.key == "home/alice"
    assert asyncio.run(answers()) == [at_home, at_home, at_home, at_home or is_home]
