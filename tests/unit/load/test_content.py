from __future__ import annotations

import csv
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.content import ContentSource

pytestmark = pytest.mark.unit

SOURCES = [ContentSource(seed) for seed in range(3)]
AGAIN = [ContentSource(seed) for seed in range(3)]
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


def test_it_is_csv_with_the_same_columns_in_every_whole_record():
    rows = list(csv.reader(SOURCES[1].whole(5, 64 * 101).decode().splitlines()))
    assert rows[0][:2] == ["5", "1"]
    assert {len(row) for row in rows[1:-1]} == {6}
    assert len(rows) == 101


def test_a_big_file_comes_in_small_pieces():
    pieces = list(SOURCES[1].pieces(1, 3_000_000))
    assert max(map(len, pieces)) <= 128 * 1024
    assert sum(map(len, pieces)) == 3_000_000


def test_content_is_the_same_on_every_python():
    assert SOURCES[1].sha256(1, 1000) == ("0707252db602d7453589a0fe19cca956a06b195f3eb59da895f734ab8c305204")
