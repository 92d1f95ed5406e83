"""Reading the ledger and the SFTP server's list: growing, torn, damaged, of several workers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.exceptions import SettleError
from harness.measure.ledger import LedgerReader
from harness.measure.uploads import AbortedUpload, ClosedUpload, UploadsReader

pytestmark = pytest.mark.unit

HEADER = {"e": "header", "schema_version": 1, "run_id": "r", "seed": 7}


def offered(ledger_id: str, seq: int = 0) -> dict[str, Any]:
    return {
        "e": "offered",
        "id": ledger_id,
        "seq": seq,
        "key": f"c/{ledger_id}.csv",
        "customer_id": "c",
        "size_bytes": 5,
        "intended_at": 100.0,
    }


def write(path: Path, *lines: dict[str, Any] | str) -> None:
    with path.open("a", encoding="utf-8") as file:
        for line in lines:
            file.write(line if isinstance(line, str) else json.dumps(line) + "\n")


def test_a_growing_ledger_is_read_bit_by_bit(tmp_path: Path) -> None:
    path, reader = tmp_path / "ledger-0.jsonl", LedgerReader(tmp_path)
    assert reader.poll() == []
    write(path, HEADER, offered("a"))
    assert reader.poll() == []
    write(path, {"e": "started", "id": "a", "at": 101.0}, '{"e": "uploaded", "id": "a"')
    assert reader.poll() == []
    write(path, ', "at": 102.0, "sha256": "5e"}\n')
    (entry,) = reader.poll()
    assert (entry.started_at, entry.ended_at, entry.end, entry.sha256) == (101.0, 102.0, "uploaded", "5e")
    assert reader.poll() == []
    assert (reader.run_id, reader.seed, reader.started, reader.complete) == ("r", 7, 1, False)


def test_workers_are_merged_and_all_must_end(tmp_path: Path) -> None:
    reader = LedgerReader(tmp_path)
    write(tmp_path / "ledger-0.jsonl", HEADER, offered("a", 0), {"e": "end", "offered": 1, "at": 1.0})
    write(tmp_path / "ledger-1.jsonl", HEADER, offered("b", 1))
    reader.poll()
    before = reader.complete
    write(tmp_path / "ledger-1.jsonl", {"e": "end", "offered": 1, "at": 1.0})
    reader.poll()
    assert (before, reader.complete) == (False, True)
    assert reader.offered_by_workers == 2
    assert set(reader.entries) == {"a", "b"}


def test_a_worker_may_report_on_a_file_that_another_one_offered(tmp_path: Path) -> None:
    reader = LedgerReader(tmp_path)
    write(tmp_path / "ledger-0.jsonl", HEADER, {"e": "started", "id": "b", "at": 3.0})
    reader.poll()
    write(tmp_path / "ledger-1.jsonl", HEADER, offered("b"))
    reader.finish()
    assert reader.entries["b"].started_at == 3.0


@pytest.mark.parametrize("torn", ['{"e":"star', "\x00\x00\x00", '"text"'])
def test_a_torn_last_line_is_left_out(tmp_path: Path, torn: str) -> None:
    write(tmp_path / "ledger-0.jsonl", HEADER, offered("a"), torn)
    reader = LedgerReader(tmp_path)
    reader.finish()
    assert set(reader.entries) == {"a"}
    assert reader.torn_files == ["ledger-0.jsonl"]


def test_a_last_line_that_lacks_only_its_newline_counts(tmp_path: Path) -> None:
    write(tmp_path / "ledger-0.jsonl", HEADER, json.dumps(offered("a")))
    reader = LedgerReader(tmp_path)
    reader.finish()
    assert set(reader.entries) == {"a"}
    assert reader.torn_files == []


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([HEADER, '{"e":"offe\n', offered("a")], "ledger-0.jsonl, line 2 is damaged"),
        ([HEADER, "[1]\n"], "line 2 is damaged: not a JSON object"),
        ([{**HEADER, "schema_version": 9}], "schema version 9"),
        ([HEADER, {**HEADER, "run_id": "other"}], "belongs to run other"),
        ([HEADER, offered("a"), offered("a")], "offered before"),
        ([HEADER, {"e": "offered", "id": "a"}], "'key' is missing"),
        ([HEADER, {"e": "teleported", "id": "a"}], "unknown event 'teleported'"),
        ([HEADER, offered("a"), {"e": "uploaded", "id": "a", "at": 1.0, "sha256": "x"}], "'x' is no SHA-256"),
        ([HEADER, {"e": "started", "id": "ghost", "at": 1.0}], "'ghost' was never offered"),
    ],
)
def test_damage_is_told_with_its_place(tmp_path: Path, lines: list[Any], said: str) -> None:
    write(tmp_path / "ledger-0.jsonl", *lines)
    with pytest.raises(SettleError, match=said):
        LedgerReader(tmp_path).finish()


def test_bytes_that_are_no_text_are_damage(tmp_path: Path) -> None:
    (tmp_path / "ledger-0.jsonl").write_bytes(b'{"e": "\xff"}\n')
    with pytest.raises(SettleError, match="line 1 is damaged"):
        LedgerReader(tmp_path).finish()


def closed(key: str, at: float, **changes: Any) -> dict[str, Any]:
    event = {"event": "closed", "user": "u", "bucket": "b", "key": key, "version_id": "v", "etag": "e"}
    return {**event, "size_bytes": 1, "closed_at": at, "session_id": "s", **changes}


def test_uploads_are_read_from_a_time_on_and_for_one_bucket(tmp_path: Path) -> None:
    path = tmp_path / "uploads.jsonl"
    reader = UploadsReader(path, "b")
    assert reader.poll() == []
    write(path, closed("old", 1.0), closed("new", 10.0), closed("elsewhere", 10.0, bucket="other"))
    write(path, {"event": "aborted", "bucket": "b", "key": "cut", "at": 11.0, "reason": "eof"})
    write(path, {**closed("final", 12.0), "event": "renamed", "from_key": "new"})
    found = reader.poll(not_before=5.0)
    assert found == [
        ClosedUpload("new", "v", 1, 10.0),
        AbortedUpload("cut", 11.0, "eof"),
        ClosedUpload("final", "v", 1, 12.0),
    ]


def test_uploads_are_read_to_a_torn_end(tmp_path: Path) -> None:
    path = tmp_path / "uploads.jsonl"
    write(path, closed("early", 1.0), closed("k", 3.0), '{"event":"clo')
    assert list(UploadsReader(path, "b").finish(2.0)) == [ClosedUpload("k", "v", 1, 3.0)]


def test_an_unversioned_bucket_has_the_version_null(tmp_path: Path) -> None:
    path = tmp_path / "uploads.jsonl"
    write(path, closed("k", 1.0, version_id=None))
    assert UploadsReader(path, "b").poll() == [ClosedUpload("k", "null", 1, 1.0)]
