import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import clock

pytestmark = pytest.mark.unit


def test_iso_form_has_microseconds_and_zone():
    assert clock.to_iso(0.000001) == "1970-01-01T00:00:00.000001Z"


@given(st.integers(min_value=0, max_value=4_102_444_800_000_000))
def test_iso_round_trip_keeps_microseconds(epoch_us):
    epoch_s = epoch_us / 1_000_000
    assert clock.from_iso(clock.to_iso(epoch_s)) == pytest.approx(epoch_s, abs=1e-6)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z"])
def test_other_text_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        clock.from_iso(text)


def test_now_never_runs_backwards(monkeypatch):
    before = clock.now()
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert clock.now() >= before
