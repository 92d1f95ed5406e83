"""Output of a runtime as log events."""

from __future__ import annotations

import pytest
from floodgate_localstack.lambda_runtime.log_capture import LogCapture, LogEvent
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.unit


def frame(message: str, at_us: int = 5_000_000) -> bytes:
    """As `FramedTelemetryLogSink` of awslambdaric writes it."""
    encoded = message.encode()
    return b"\xa5\x5a\x00\x03" + len(encoded).to_bytes(4, "big") + at_us.to_bytes(8, "big") + encoded


def messages(*chunks: bytes) -> list[str]:
    capture = LogCapture()
    for chunk in chunks:
        capture.feed(chunk, 9000)
    capture.flush(9000)
    return [event.message for event in capture.take()]


def test_each_line_is_an_event() -> None:
    assert messages(b"one\ntwo\n", b"three\n") == ["one", "two", "three"]


def test_empty_lines_are_no_events() -> None:
    assert messages(b"\n\none\n\n") == ["one"]


def test_line_without_end_is_kept() -> None:
    assert messages(b"on", b"e\ntw", b"o") == ["one", "two"]


def test_frame_is_one_event_with_its_own_time() -> None:
    capture = LogCapture()
    capture.feed(frame("two\nlines\n"), 9000)
    assert capture.take() == [LogEvent(5000, "two\nlines")]


def test_time_of_a_frame_never_lies_ahead() -> None:
    capture = LogCapture()
    capture.feed(frame("early", at_us=99_000_000), 9000)
    assert capture.take() == [LogEvent(9000, "early")]


def test_frames_and_lines_keep_their_order() -> None:
    assert messages(b"a\n" + frame("b\nb") + b"c\n" + frame("d")) == ["a", "b\nb", "c", "d"]


def test_broken_utf8_is_shown_not_lost() -> None:
    assert messages(b"caf\xe9\n") == ["caf\ufffd"]


@given(st.data())
def test_chunks_do_not_matter(data: st.DataObject) -> None:
    text = st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=20)
    parts = data.draw(st.lists(st.tuples(st.booleans(), text), max_size=6))
    stream = b"".join(frame(words) if framed else words.encode() + b"\n" for framed, words in parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert messages(*chunks) == [words for _, words in parts]


def test_platform_line_ends_an_unfinished_line() -> None:
    capture = LogCapture()
    capture.feed(b"half", 1)
    capture.add("END", 2)
    assert capture.take() == [LogEvent(2, "half"), LogEvent(2, "END")]


def test_output_beyond_the_limit_is_counted_not_kept() -> None:
    capture = LogCapture(limit_bytes=10)
    capture.feed(b"0123456789abc", 1)
    capture.feed(b"defgh", 1)
    capture.add("END", 2)
    first, note, last = (event.message for event in capture.take())
    assert (first, last) == ("0123456789", "END")
    assert "8 bytes" in note
    capture.feed(b"next\n", 3)
    assert [event.message for event in capture.take()] == ["next"]
