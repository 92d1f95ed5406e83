from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Thread

import pytest

from harness.exceptions import DiskFullError, UsageError
from harness.load.ledger_format import EndLine, StartedLine
from harness.load.ledger_writer import LedgerWriter

pytestmark = pytest.mark.unit


class FullDisk(LedgerWriter):
    """Writes to a device that has no room, until `free` gives it some."""

    def _open(self) -> int:
        return os.open("/dev/full", os.O_WRONLY)

    def free(self) -> None:
        room = super()._open()
        os.dup2(room, self._fd)
        os.close(room)


class TenBytesAtATime(LedgerWriter):
    """Takes lines in small bites, as a disk does that is nearly full."""

    def _write_some(self, data: bytes) -> int:
        return super()._write_some(data[:10])


def line(number: int) -> StartedLine:
    return StartedLine(e="started", id=f"run-{number}", at=float(number))


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(text) for text in path.read_text().splitlines()]


def test_lines_are_in_the_file_after_a_flush_in_their_order(tmp_path: Path):
    writer = LedgerWriter(tmp_path / "ledger.jsonl")
    for number in range(3):
        writer.write(line(number))
    assert read(writer.path) == []
    writer.flush()
    assert read(writer.path) == [line(0), line(1), line(2)]
    writer.write(EndLine(e="end", offered=3, at=9.0, reason="complete"))
    writer.close()
    assert read(writer.path)[-1]["offered"] == 3
    writer.close()


def test_lines_come_from_any_thread_and_none_is_lost(tmp_path: Path):
    writer = LedgerWriter(tmp_path / "ledger.jsonl")

    def write_many() -> None:
        for number in range(500):
            writer.write(line(number))

    threads = [Thread(target=write_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        writer.flush()
    writer.close()
    assert len(read(writer.path)) == 2000


def test_a_ledger_that_is_there_already_is_not_touched(tmp_path: Path):
    path = tmp_path / "ledger.jsonl"
    path.write_text("precious\n")
    with pytest.raises(UsageError, match="ledger already"):
        LedgerWriter(path)
    assert path.read_text() == "precious\n"


def test_a_full_disk_is_told_and_nothing_queued_is_forgotten(tmp_path: Path):
    writer = FullDisk(tmp_path / "ledger.jsonl")
    writer.write(line(0))
    with pytest.raises(DiskFullError, match="no room to write the ledger") as told:
        writer.flush()
    assert told.value.hint
    writer.write(line(1))
    writer.free()
    writer.close()
    assert read(writer.path) == [line(0), line(1)]


def test_closing_on_a_full_disk_tells_it_too(tmp_path: Path):
    writer = FullDisk(tmp_path / "ledger.jsonl")
    writer.write(line(0))
    with pytest.raises(DiskFullError):
        writer.close()
    writer.close()


def test_a_disk_that_takes_little_at_a_time_gets_whole_lines_in_the_end(tmp_path: Path):
    writer = TenBytesAtATime(tmp_path / "ledger.jsonl")
    writer.write(line(0))
    writer.write(line(1))
    writer.close()
    assert read(writer.path) == [line(0), line(1)]


def test_other_errors_are_not_called_a_full_disk(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        LedgerWriter(tmp_path / "nowhere" / "ledger.jsonl")
