"""Packed evidence reads as the objects that went in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure.packed.rows import PackedRows
from harness.measure.packed.versions import PackedVersions
from harness.measure.records import Check
from harness.measure.rows import Row
from harness.measure.versions import ObjectVersion

pytestmark = pytest.mark.unit

TIMES = st.none() | st.floats(min_value=0, max_value=4e9)
COUNTS = st.none() | st.integers(min_value=0, max_value=1000)
TEXTS = st.none() | st.text(min_size=1, max_size=5)
ROWS = st.builds(
    Row,
    file_id=st.sampled_from(["a", "b", "c"]),
    status=st.sampled_from(["transferred", "transferred", "failed", None]),
    destination_version_id=TEXTS,
    error_type=st.none() | TEXTS,
    error_message=st.none() | TEXTS,
    queued_at=TIMES,
    first_received_at=TIMES,
    handler_started_at=TIMES,
    handler_ended_at=TIMES,
    receive_count=COUNTS,
    attempts=COUNTS,
    redrives=COUNTS,
    withdrawn_at=st.none() | TIMES,
)
VERSIONS = st.builds(
    ObjectVersion,
    key=st.just("k"),
    version_id=st.text(min_size=1, max_size=5),
    size_bytes=st.integers(min_value=0, max_value=5 * 2**40),
    modified_at=st.floats(min_value=0, max_value=4e9),
    is_delete_marker=st.booleans(),
    is_latest=st.booleans(),
    sha256=st.none() | TEXTS,
    unpacked_bytes=st.none() | st.integers(min_value=0, max_value=9),
    damage=st.none() | TEXTS,
    md5=st.none() | st.integers(min_value=0, max_value=2**60 - 1),
    check=st.none() | st.sampled_from(Check),
    file_id=st.none() | TEXTS,
)


@given(st.lists(ROWS))
def test_rows_read_as_a_dictionary_does(rows: list[Row]) -> None:
    expected, packed = {row.file_id: row for row in rows}, PackedRows()
    for row in rows:
        packed[row.file_id] = row
    assert dict(packed) == expected
    assert len(packed) == len(expected)
    assert all(packed.is_final(file_id) is row.final for file_id, row in expected.items())
    assert all((file_id in packed) is (file_id in expected) for file_id in "abcd")
    assert not packed.is_final("d")


def test_what_claimed_a_file_that_has_not_arrived_is_kept() -> None:
    rows = PackedRows(
        {"a": Row("a", "processing", claimed_by="x"), "b": Row("b", "transferred", claimed_by="x")}
    )
    assert (rows["a"].claimed_by, rows["b"].claimed_by) == ("x", None)


@given(st.lists(VERSIONS, min_size=1, max_size=3))
def test_versions_read_as_a_dictionary_does(versions: list[ObjectVersion]) -> None:
    packed = PackedVersions({"k": versions})
    assert packed.peek("k") == tuple(versions) or packed.peek("k") == versions
    assert packed["k"] == versions
    assert dict(packed) == {"k": versions}
    assert (len(packed), "k" in packed, "other" in packed, packed.peek("other")) == (1, True, False, ())


VERSION = ObjectVersion("k", "v1", 5, 1.0)


def test_what_is_written_on_a_version_stays() -> None:
    packed = PackedVersions({"k": [VERSION]})
    packed["k"][0].sha256 = "5e"
    assert packed.peek("k")[0].sha256 == "5e"
    packed.discard("k")
    assert "k" not in packed


def test_a_listing_is_brought_into_the_order_of_time() -> None:
    packed = PackedVersions()
    newest, same_second = (
        replace(VERSION, version_id="v3", modified_at=2.0),
        replace(VERSION, version_id="v2"),
    )
    for version in (newest, same_second, VERSION, newest):
        packed.add_listed(version)
    packed.order()
    assert [version.version_id for version in packed["k"]] == ["v1", "v2", "v3"]


def test_newer_evidence_takes_the_place_of_older() -> None:
    older, newer = PackedVersions({"k": [VERSION], "l": [VERSION]}), PackedVersions({"k": []})
    older.update(newer)
    assert (older["k"], len(older["l"])) == ([], 1)
