"""gzip is unpacked as it comes, whatever the pieces, and damage is noticed."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure import objects
from harness.measure.compression import gunzip
from harness.measure.versions import ObjectVersion

pytestmark = pytest.mark.unit


def pieces(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


@given(st.lists(st.binary(max_size=300), max_size=4), st.integers(1, 50))
def test_members_come_back_as_one(members: list[bytes], size: int) -> None:
    packed = b"".join(gzip.compress(member) for member in members)
    assert b"".join(gunzip(pieces(packed, size))) == b"".join(members)


def test_what_unpacks_to_much_comes_in_bounded_pieces() -> None:
    packed = gzip.compress(bytes(20_000_000))
    sizes = [len(piece) for piece in gunzip([packed])]
    assert sum(sizes) == 20_000_000
    assert max(sizes) <= 1024 * 1024


@pytest.mark.parametrize("missing", [1, 8, 20])
def test_a_cut_off_end_is_an_error(missing: int) -> None:
    packed = gzip.compress(b"some content that is long enough")
    with pytest.raises(EOFError):
        list(gunzip([packed[:-missing]]))


def test_what_is_no_gzip_is_an_error() -> None:
    with pytest.raises(zlib.error):
        list(gunzip([b"plain text"]))


class Bucket:
    """S3 with one object."""

    def __init__(self, body: bytes, **headers: str) -> None:
        self.body = body
        self.headers = headers

    def get_object(self, **_: Any) -> dict[str, Any]:
        return {"Body": Body(self.body), **self.headers}


class Body(io.BytesIO):
    def iter_chunks(self, size: int) -> Any:
        return iter(lambda: self.read(size), b"")


def hashed(body: bytes, **headers: str) -> ObjectVersion:
    version = ObjectVersion("k", "v", len(body), 0.0)
    objects.hash_versions(Bucket(body, **headers), "b", [version], parallel=1, on_done=lambda: None)
    return version


def test_a_compressed_copy_is_hashed_as_what_was_sent() -> None:
    content = b"a,b,c\n" * 100
    version = hashed(gzip.compress(content), ContentEncoding="gzip")
    assert version.sha256 == hashlib.sha256(content).hexdigest()
    assert version.content_bytes == len(content) != version.size_bytes
    assert version.damage is None


def test_a_file_that_is_gzip_by_itself_is_left_as_it_is() -> None:
    packed = gzip.compress(b"sent like that")
    assert hashed(packed).sha256 == hashlib.sha256(packed).hexdigest()


def test_a_torn_compressed_copy_is_damaged() -> None:
    version = hashed(gzip.compress(b"x" * 100)[:-3], ContentEncoding="gzip")
    assert "cannot be unpacked" in (version.damage or "")
