from __future__ import annotations

import io
import json
import threading
from pathlib import Path

import pytest

from harness.sftp import outlets
from harness.sftp.journal import UploadJournal, UploadRef
from harness.sftp.outlets import Outlet, Record, TextOutlet
from harness.sftp.storage.base import StoredObject

pytestmark = pytest.mark.unit


def _record(number: int) -> Record:
    return Record(1_795_378_946.5, "alice.1", {"activity-type": "OPEN", "path": f"/b/{number}"})


def test_lines_of_text_have_the_time_the_stream_and_transfers_fields() -> None:
    text = io.StringIO()
    outlet = TextOutlet(text)
    outlet.start()
    outlet.put(_record(1))
    outlet.stop(5)
    assert json.loads(text.getvalue()) == {
        "at": "2026-11-22T20:22:26.500000Z",
        "stream": "alice.1",
        "activity-type": "OPEN",
        "path": "/b/1",
    }


class NeverDone(Outlet[Record]):
    """An outlet whose far end hangs."""

    def __init__(self) -> None:
        super().__init__("hangs", interval_s=0.001)
        self.hanging = threading.Event()
        self.release = threading.Event()

    def deliver(self, records: list[Record]) -> None:
        self.hanging.set()
        self.release.wait(10)


def test_a_hanging_outlet_costs_lines_and_never_time_or_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlets, "QUEUE_LINES", 50)
    outlet = NeverDone()
    outlet.start()
    outlet.put(_record(0))
    assert outlet.hanging.wait(10)
    for number in range(200):
        outlet.put(_record(number))
    assert outlet.dropped == 150
    outlet.stop(timeout_s=0.01)
    outlet.release.set()
    outlet.join(10)


class FullDisk(io.StringIO):
    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_counted() -> None:
    outlet = TextOutlet(FullDisk())
    outlet.deliver([_record(1), _record(2)])
    assert outlet.dropped == 2


def test_the_journal_is_readable_after_every_line(tmp_path: Path) -> None:
    journal = UploadJournal(tmp_path / "uploads.jsonl")
    ref = UploadRef("alice", "bucket", "alice/ü\n", "session")
    journal.closed(ref, StoredObject("etag", "version"), 5)
    first = json.loads((tmp_path / "uploads.jsonl").read_text())
    assert first.pop("closed_at") > 0
    assert first == {
        "event": "closed",
        "user": "alice",
        "bucket": "bucket",
        "key": "alice/ü\n",
        "version_id": "version",
        "etag": "etag",
        "size_bytes": 5,
        "session_id": "session",
    }
    journal.aborted(ref, 3, "session ended")
    lines = (tmp_path / "uploads.jsonl").read_text().splitlines()
    assert {name: json.loads(lines[1])[name] for name in ("event", "size_bytes", "reason")} == {
        "event": "aborted",
        "size_bytes": 3,
        "reason": "session ended",
    }
    journal.close()


def test_a_journal_on_a_full_disk_tells_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    journal = UploadJournal(Path("/dev/full"))
    journal.aborted(UploadRef("alice", "bucket", "key", "session"), 3, "why")
    journal.close()
    assert "cannot write the uploads file" in capsys.readouterr().err


def test_lines_that_are_too_much_for_one_call_are_cut() -> None:
    events = [{"timestamp": 0, "message": "ü" * 200_000}] * 5 + [{"timestamp": 0, "message": "x"}] * 10_001
    batches = list(outlets.in_batches(events))
    assert [len(batch) for batch in batches] == [2, 2, 10_000, 2]
    assert [event for batch in batches for event in batch] == events
