"""Parcels of ledger lines: nothing lost, nothing twice, whatever the way between does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.exceptions import DiskFullError
from harness.load.distributed.messages import Lines
from harness.load.distributed.shipping import PARCEL_BYTES, Inbox, MasterGoneError, Outbox
from harness.load.ledger_writer import LedgerWriter

pytestmark = pytest.mark.unit


class Clock:
    """Moves when somebody pauses."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def pause(self, seconds: float) -> None:
        self.now_s += seconds


class FullOnceLedger(LedgerWriter):
    """Has no room for the first write."""

    full = True

    def _write_some(self, data: bytes) -> int:
        if self.full:
            self.full = False
            raise OSError(28, "No space left on device")
        return super()._write_some(data)


def line(number: int) -> Any:
    return {"e": "started", "id": f"file-{number}", "at": float(number)}


def outbox(sent: list[Lines], clock: Clock) -> Outbox:
    return Outbox(sent.append, clock.pause, patience_s=15.0, clock=clock)


def ids(path: Path) -> list[str]:
    return [json.loads(text)["id"] for text in path.read_text().splitlines()]


def test_lines_arrive_once_and_in_order_however_often_parcels_come(tmp_path):
    sent: list[Lines] = []
    box, inbox = outbox(sent, Clock()), Inbox(LedgerWriter(tmp_path / "ledger"))
    for number in range(6):
        box.write(line(number))
        box.flush()
    for parcel in (sent[1], sent[0], sent[0], *sent[3:], *sent, *sent):
        box.kept(inbox.take(parcel))
    assert ids(tmp_path / "ledger") == [f"file-{number}" for number in range(6)]
    assert box.waiting == 0


def test_what_is_not_acknowledged_is_sent_again_from_the_first_gap(tmp_path):
    sent: list[Lines] = []
    clock = Clock()
    box = outbox(sent, clock)
    for number in range(3):
        box.write(line(number))
        box.flush()
    box.kept(1)
    box.flush()
    assert [parcel["number"] for parcel in sent] == [1, 2, 3]
    clock.pause(3.0)
    box.flush()
    assert [parcel["number"] for parcel in sent] == [1, 2, 3, 2, 3]


def test_a_burst_travels_in_parcels_of_bounded_size(tmp_path):
    sent: list[Lines] = []
    box = outbox(sent, Clock())
    for number in range(60_000):
        box.write(line(number))
    box.flush()
    assert len(sent) > 1
    assert max(len(parcel["data"]) for parcel in sent) < PARCEL_BYTES + 1000
    assert all(parcel["data"].endswith(b"\n") for parcel in sent)


def test_closing_waits_for_the_last_word_and_gives_up_a_silent_master():
    sent: list[Lines] = []
    clock = Clock()
    box = outbox(sent, clock)
    box.write(line(1))
    with pytest.raises(MasterGoneError):
        box.close()
    assert 15.0 < clock.now_s < 17.0
    assert len(sent) > 3, "asked again meanwhile"


def test_a_worker_whose_ledger_nobody_wants_any_more_does_not_wait():
    clock = Clock()
    box = outbox([], clock)
    box.write(line(1))
    box.refused(MasterGoneError("given up as lost"))
    with pytest.raises(MasterGoneError, match="given up as lost"):
        box.close()
    assert clock.now_s == 0.0


def test_closing_returns_when_everything_is_kept():
    clock = Clock()
    box = Outbox(lambda parcel: box.kept(parcel["number"]), clock.pause, patience_s=1.0, clock=clock)
    box.write(line(1))
    box.close()
    assert box.waiting == 0


def test_a_parcel_that_the_disk_refused_is_written_once_when_there_is_room_again(tmp_path):
    inbox = Inbox(FullOnceLedger(tmp_path / "ledger"))
    parcel = Lines(number=1, data=b'{"e":"started","id":"file-1","at":1.0}\n')
    with pytest.raises(DiskFullError):
        inbox.take(parcel)
    assert inbox.take(parcel) == 1
    assert ids(tmp_path / "ledger") == ["file-1"]
