from __future__ import annotations

import csv
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.content import content_source

pytestmark = pytest.mark.unit

SOURCES = [content_source(seed) for seed in range(3)]
AGAIN = [content_source(seed) for seed in range(3)]
SEEDS = st.integers(0, 2)
SEQUENCES = st.integers(1, 10**7)


@given(seed=SEEDS, sequence=SEQUENCES, size_bytes=st.integers(0, 300_000))
def test_content_has_exactly_the_size_and_is_the_same_every_time(seed, sequence, size_bytes):
    content = SOURCES[seed].whole(sequence, size_bytes)
    assert len(content) == size_bytes
    assert content == AGAIN[seed].whole(sequence, size_bytes)
    assert content[-1:] in (b"", b"\n")


@given(sequence=SEQUENCES, size_bytes=st.integers(0, 300_000))
def test_the_checksum_is_that_of_the_content(sequence, size_bytes):
    source = SOURCES[1]
    expected = hashlib.sha256(source.whole(sequence, size_bytes)).hexdigest()
    assert source.sha256(sequence, size_bytes) == expected


@given(SEEDS, SEEDS, SEQUENCES, SEQUENCES)
def test_no_two_files_are_alike(seed, other_seed, sequence, other_sequence):
    same = (seed, sequence) == (other_seed, other_sequence)
    content = SOURCES[seed].whole(sequence, 64)
    assert (content == SOURCES[other_seed].whole(other_sequence, 64)) is same


@given(sequence=SEQUENCES, size_bytes=st.integers(1, 200) | st.integers(1, 5_000))
def test_every_file_is_a_table(sequence, size_bytes):
    rows = list(csv.reader(SOURCES[1].whole(sequence, size_bytes).decode().splitlines(), strict=True))
    assert sum(len(line) for line in SOURCES[1].pieces(sequence, size_bytes)) == size_bytes
    assert len({len(row) for row in rows}) == 1
    if size_bytes >= 64:
        assert rows[0][:2] == [str(sequence), "1"]
        assert len(rows[0]) == 6


def test_a_big_file_comes_in_small_pieces():
    pieces = list(SOURCES[1].pieces(1, 3_000_000))
    assert max(map(len, pieces)) <= 128 * 1024
    assert sum(map(len, pieces)) == 3_000_000


def test_content_is_the_same_on_every_python():
    assert SOURCES[1].sha256(1, 1000) == ("6e64d07c5564202b811eaacfabd5e733482ef84b158c106ef87b956ccbad9f0c")


@pytest.mark.parametrize("kind", ["random", "compressible"])
@pytest.mark.parametrize("size_bytes", [1, 63, 64, 65, 131_071, 131_072, 300_001])
def test_other_kinds_have_the_size_too_and_are_the_same_every_time(kind, size_bytes):
    content = content_source(1, kind).whole(5, size_bytes)
    assert len(content) == size_bytes
    assert content == content_source(1, kind).whole(5, size_bytes)
    assert size_bytes < 64 or content != content_source(1, kind).whole(6, size_bytes)
    assert size_bytes < 64 or content != content_source(2, kind).whole(5, size_bytes)


def test_kinds_differ_in_how_far_they_shrink():
    shrunk = {
        kind: len(zlib.compress(content_source(1, kind).whole(1, 1_000_000))) / 1_000_000
        for kind in ("random", "csv", "compressible")
    }
    assert shrunk["random"] > 1
    assert 0.2 < shrunk["csv"] < 0.9
    assert shrunk["compressible"] < 0.01


def test_a_ragged_table_is_no_table():
    source = content_source(1)
    rows = list(csv.reader(source.whole(7, 5_000, ragged=True).decode().splitlines(), strict=True))
    assert {len(row) for row in rows} == {6, 1}
    assert len(source.whole(7, 5_000, ragged=True)) == 5_000
