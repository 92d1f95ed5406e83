import io

import pytest
from rich.console import Console

from harness.measure.follow import Snapshot
from harness.run.progress import LiveLine, describe

pytestmark = pytest.mark.unit


def test_the_line_names_what_a_watcher_wants_to_know():
    snapshot = Snapshot(
        at=0,
        offered=9,
        uploaded=8,
        delivered=5,
        backlog=2,
        failures={"failed": 1, "aborted": 2},
        p99_ms=1234.5,
    )
    assert describe(snapshot) == "offered 9  uploaded 8  delivered 5  backlog 2  failures 3  p99 1.23 s"


def test_before_the_first_delivery_there_is_no_percentile():
    assert describe(Snapshot(at=0)).endswith("p99 -")


def test_files_not_started_are_never_dropped_in_silence():
    assert "not started 3" in describe(Snapshot(at=0, offered=3, not_started=3))


def test_without_a_terminal_there_is_one_line_in_ten_seconds(monkeypatch):
    clock = iter([0.0, 0.0, 1.0, 5.0, 10.5])
    monkeypatch.setattr("harness.run.progress.time.monotonic", lambda: next(clock))
    out = io.StringIO()
    with LiveLine(Console(file=out, width=200)) as live:
        for _ in range(4):
            live.show(Snapshot(at=0))
    assert out.getvalue().count("offered") == 2
