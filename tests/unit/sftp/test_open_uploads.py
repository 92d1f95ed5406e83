"""What a killed worker had open, its successor ends."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from harness import clock
from harness.sftp import open_uploads
from harness.sftp.journal import UploadJournal, UploadRef
from harness.sftp.open_uploads import OpenUploads
from harness.sftp.storage.base import ObjectInfo, ObjectNotFoundError, StorageBusyError, StoredObject

pytestmark = pytest.mark.unit

A = UploadRef("alice", "incoming", "alice/a \u0001ü.csv", "1" * 20)
B = UploadRef("bob", "incoming", "bob/b.csv", "2" * 20)
STORED = StoredObject("etag-1", "version-1")


class Bucket:
    """Knows the objects of a dead worker."""

    def __init__(self, **objects: ObjectInfo) -> None:
        self._objects = objects
        self.parts = ["begun"]

    async def abort_multipart(self, bucket: str, key: str, upload_id: str) -> None:
        if upload_id not in self.parts:
            raise ObjectNotFoundError("no such upload", code="NoSuchUpload")
        self.parts.remove(upload_id)

    async def head(self, bucket: str, key: str) -> ObjectInfo:
        assert bucket == "incoming"
        if key.partition("/")[0] not in self._objects:
            raise ObjectNotFoundError("no such key", code="404")
        return self._objects[key.partition("/")[0]]


class S3IsBusy(Bucket):
    async def head(self, bucket: str, key: str) -> ObjectInfo:
        raise StorageBusyError("slow down", code="SlowDown")


@pytest.fixture
def slots(tmp_path: Path) -> Path:
    return tmp_path / "worker.open"


def settled(slots: Path, bucket: Bucket) -> list[dict[str, Any]]:
    """Do what a successor does at its start; return the journal's lines."""
    notes = OpenUploads(slots)
    journal_file = slots.parent / "uploads.jsonl"
    journal = UploadJournal(journal_file, notes)
    told: list[UploadRef] = []
    settling = open_uploads.settle(
        list(notes.left_open),
        bucket,  # type: ignore[arg-type]
        journal,
        journal_file,
        lambda upload, _kept: told.append(upload.ref),
    )
    asyncio.run(settling)
    journal.close()
    lines = [json.loads(line) for line in journal_file.read_text().splitlines()]
    assert len(told) == sum(line["event"] == "partial" for line in lines)
    return lines


def info(ref: UploadRef, modified_at: float) -> ObjectInfo:
    return ObjectInfo(ref.key, 7, modified_at, STORED.etag, STORED.version_id)


def test_uploads_that_ended_are_not_left(slots: Path, tmp_path: Path) -> None:
    journal = UploadJournal(tmp_path / "uploads.jsonl", OpenUploads(slots))
    journal.opened(A)
    journal.opened(B)
    journal.closed(A, STORED, 7)
    assert [upload.ref for upload in OpenUploads(slots).left_open] == [B]
    journal.aborted(B, 0, "the client left")
    assert OpenUploads(slots).left_open == []
    journal.close()
    assert not slots.exists()


def test_slots_are_used_again(slots: Path) -> None:
    notes = OpenUploads(slots)
    for _ in range(100):
        notes.opened(A)
        notes.ended(A)
    assert slots.stat().st_size <= open_uploads.SLOT_BYTES


def test_two_uploads_of_one_key_in_one_session_are_two(slots: Path) -> None:
    notes = OpenUploads(slots)
    notes.opened(A)
    notes.opened(A)
    notes.ended(A)
    assert [upload.ref for upload in OpenUploads(slots).left_open] == [A]


def test_the_longest_key_fits(slots: Path) -> None:
    longest = UploadRef("u" * 100, "b" * 63, "\u0001" * 1024, "3" * 20)
    notes = OpenUploads(slots)
    notes.opened(longest)
    notes.opened(B)
    assert {upload.ref for upload in OpenUploads(slots).left_open} == {longest, B}


def test_a_successor_writes_that_they_were_aborted(slots: Path) -> None:
    notes = OpenUploads(slots)
    notes.opened(A)
    notes.opened(B)
    lines = settled(slots, Bucket())
    assert [(line["event"], line["key"], line["session_id"]) for line in lines] == [
        ("aborted", A.key, A.session_id),
        ("aborted", B.key, B.session_id),
    ]
    assert not slots.exists()


def test_an_object_that_was_stored_while_its_worker_died_is_told_as_closed(slots: Path) -> None:
    notes = OpenUploads(slots)
    notes.opened(A)
    started_at = notes_started_at(slots)
    (line,) = settled(slots, Bucket(alice=info(A, float(int(started_at)))))
    assert (line["event"], line["version_id"], line["size_bytes"]) == ("closed", STORED.version_id, 7)


def test_an_older_object_is_not_that_of_the_upload(slots: Path) -> None:
    OpenUploads(slots).opened(A)
    (line,) = settled(slots, Bucket(alice=info(A, notes_started_at(slots) - 2)))
    assert line["event"] == "aborted"


def test_an_object_that_the_journal_knows_is_not_told_twice(slots: Path, tmp_path: Path) -> None:
    journal = UploadJournal(tmp_path / "uploads.jsonl", OpenUploads(slots))
    journal.opened(A)
    journal.closed(A, STORED, 7)
    journal.opened(A)
    lines = settled(slots, Bucket(alice=info(A, notes_started_at(slots))))
    assert [line["event"] for line in lines] == ["closed", "aborted"]


def test_where_s3_does_not_tell_the_line_says_so(slots: Path) -> None:
    OpenUploads(slots).opened(A)
    (line,) = settled(slots, S3IsBusy())
    assert line["event"] == "aborted"
    assert "slow down" in line["reason"]


def notes_started_at(slots: Path) -> float:
    (upload,) = OpenUploads(slots).left_open
    return upload.started_at


def test_what_was_being_kept_is_partial(slots: Path) -> None:
    notes = OpenUploads(slots)
    notes.opened(A)
    notes.opened(B)
    notes.keeping(A)
    now = clock.now()
    lines = settled(slots, Bucket(alice=info(A, now), bob=info(B, now)))
    assert [(line["event"], line["key"]) for line in lines] == [("partial", A.key), ("closed", B.key)]


@pytest.mark.parametrize("multipart_id", ["begun", "ended already"])
def test_parts_of_a_dead_worker_are_taken_back(slots: Path, multipart_id: str) -> None:
    notes, bucket = OpenUploads(slots), Bucket()
    notes.opened(A)
    notes.in_parts(A, multipart_id)
    assert [line["event"] for line in settled(slots, bucket)] == ["aborted"]
    assert bucket.parts == ["begun"] * (multipart_id != "begun")


def test_what_the_event_bus_may_not_know_to_be_partial_is_told_again(slots: Path, tmp_path: Path) -> None:
    began_at = clock.now() - 1
    journal_file = tmp_path / "uploads.jsonl"
    journal = UploadJournal(journal_file, OpenUploads(slots))
    journal.opened(A, began_at)
    journal.keeping(A)
    journal.partial(A, STORED, 7, "session ended")
    notes, told = OpenUploads(slots), list[Any]()
    successor = UploadJournal(journal_file, notes)
    settling = open_uploads.settle(
        list(notes.left_open),
        Bucket(),  # type: ignore[arg-type]
        successor,
        journal_file,
        lambda upload, kept: told.append((upload.started_at, kept.size_bytes, kept.etag, kept.version_id)),
    )
    asyncio.run(settling)
    assert told == [(began_at, 7, STORED.etag, STORED.version_id)]
    assert len(journal_file.read_text().splitlines()) == 1
    successor.told(A)
    assert OpenUploads(slots).left_open == []
