from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sftp.window import MAX_HELD_BYTES, MAX_HELD_WRITES, RandomWriteError, WriteWindow

pytestmark = pytest.mark.unit

WRITES = st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=MAX_HELD_WRITES)


@st.composite
def shuffled_writes(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, bytes]]]:
    """The same bytes in any order of writes."""
    pieces = draw(WRITES)
    offsets = [sum(map(len, pieces[:index])) for index in range(len(pieces))]
    writes = list(zip(offsets, pieces, strict=True))
    return b"".join(pieces), draw(st.permutations(writes))


@given(shuffled_writes())
def test_any_order_within_the_window_gives_the_same_bytes(
    case: tuple[bytes, list[tuple[int, bytes]]],
) -> None:
    content, writes = case
    window = WriteWindow()
    out = b"".join(piece for offset, data in writes for piece in window.accept(offset, data))
    assert out == content
    assert window.size_bytes == len(content)
    assert not window.has_gap


@given(st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=30)), max_size=100))
def test_whatever_comes_the_output_is_what_a_file_would_hold(writes: list[tuple[int, bytes]]) -> None:
    """Against a model: a plain byte array, and a write may only touch bytes that nobody wrote before."""
    window, model, out = WriteWindow(), bytearray(400), bytearray()
    for offset, data in writes:
        try:
            pieces = window.accept(offset, data)
        except RandomWriteError:
            continue
        model[offset : offset + len(data)] = data
        out += b"".join(pieces)
        assert out == model[: len(out)]
        assert window.size_bytes == len(out)


def test_overlaps_are_refused() -> None:
    window = WriteWindow()
    window.accept(0, b"abc")
    for offset, data in [(0, b"abc"), (2, b"c"), (1, b"xyz")]:
        with pytest.raises(RandomWriteError):
            window.accept(offset, data)
    window.accept(10, b"later")
    for offset, data in [(10, b"later"), (8, b"abc"), (14, b"x"), (3, b"a long one that runs into it")]:
        with pytest.raises(RandomWriteError):
            window.accept(offset, data)
    assert window.has_gap


def test_the_window_is_bounded_in_writes() -> None:
    window = WriteWindow()
    for number in range(MAX_HELD_WRITES):
        assert window.accept(10 + 2 * number, b"x") == []
    with pytest.raises(RandomWriteError):
        window.accept(5, b"x")


def test_the_window_is_bounded_in_bytes() -> None:
    window = WriteWindow()
    half = bytes(MAX_HELD_BYTES // 2)
    assert window.accept(1, half) == []
    assert window.accept(1 + len(half), half[1:]) == []
    with pytest.raises(RandomWriteError):
        window.accept(len(half) * 2, b"xx")


def test_what_closes_the_gap_is_taken_when_the_window_is_full() -> None:
    window = WriteWindow()
    for number in range(MAX_HELD_WRITES):
        window.accept(1 + number, b"x")
    assert len(window.accept(0, b"x")) == MAX_HELD_WRITES + 1


def test_far_ahead_is_refused_at_once() -> None:
    with pytest.raises(RandomWriteError, match="random access writes"):
        WriteWindow().accept(MAX_HELD_BYTES + 1, b"x")


def test_an_empty_write_is_nothing() -> None:
    window = WriteWindow()
    assert window.accept(1000, b"") == []
    assert not window.has_gap
