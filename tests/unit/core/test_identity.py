import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.identity import file_id, ledger_id

pytestmark = pytest.mark.unit

names = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


def test_known_value_stays():
    """Rows of earlier runs are found by this value, so it may never change."""
    assert file_id("bucket", "customer/a b.csv", "v1") == "69ca0ccb93a530ad340871ece9046f91"


@given(names, names, names, names)
def test_parts_cannot_run_into_each_other(bucket, key, version, other):
    assert (file_id(bucket, key, version) == file_id(bucket, other, version)) == (key == other)
    assert (file_id(bucket, key, version) == file_id(other, key, version)) == (bucket == other)
    assert (file_id(bucket, key, version) == file_id(bucket, key, other)) == (version == other)


def test_ledger_ids_sort_in_order_of_arrival():
    ids = [ledger_id("run", sequence) for sequence in (0, 9, 10, 99_999, 1_000_000)]
    assert ids == sorted(ids)
