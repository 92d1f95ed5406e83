"""A run in miniature: files with chosen fates, on disk as a ledger and in memory as a stack."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness import identity
from harness.engines.base import EngineInfo, Progress
from harness.measure.evidence import VersionsByKey
from harness.measure.executions import Execution, ExecutionView
from harness.measure.function_errors import FunctionErrors
from harness.measure.queues import QueueMessage, QueueView
from harness.measure.records import FileRecord, Outcome
from harness.measure.rows import Row
from harness.measure.settle import SettleInputs, settle
from harness.measure.settlement import Settlement
from harness.measure.versions import ObjectVersion
from harness.stack.description import SftpEndpoint, StackDescription

SOURCE, DESTINATION = "source-bucket", "destination-bucket"
RUN_ID = "run-1"
T0 = 1_800_000_000.0

ENGINE = EngineInfo("test", "test", "0", "http://127.0.0.1:1")
DESCRIPTION = StackDescription(
    name="test",
    engine=ENGINE,
    route="queued",
    sftp=SftpEndpoint("127.0.0.1", 1, "SHA256:x", "s-0"),
    users=[],
    buckets={"source": SOURCE, "destination": DESTINATION},
    table="FileTransferMetadata",
    queues={"work": "http://127.0.0.1:1/0/work", "dlq": "http://127.0.0.1:1/0/dlq"},
    functions={},
)


class Fate(StrEnum):
    """What becomes of a file in the miniature world."""

    NOT_STARTED = "not_started"
    NEVER_STARTED_AT_END = "never_started_at_end"
    UPLOAD_FAILED = "upload_failed"
    ABORTED = "aborted"
    CUT_OFF = "cut_off"
    ANSWER_LOST = "answer_lost"
    PARTIAL_DELIVERED = "partial_delivered"
    PARTIAL_QUARANTINED = "partial_quarantined"
    PARTIAL_UNMARKED = "partial_unmarked"
    PARTIAL_MISSED = "partial_missed"
    PARTIAL_BUT_ALL_BYTES = "partial_but_all_bytes"
    DELIVERED = "delivered"
    DELIVERED_TWICE = "delivered_twice"
    DELIVERED_ROWLESS = "delivered_rowless"
    DELIVERED_WRONG = "delivered_wrong"
    FAILED = "failed"
    FAILED_AND_DLQ = "failed_and_dlq"
    DLQ = "dlq"
    SUPERSEDED = "superseded"
    SOURCE_DELETED = "source_deleted"
    SOURCE_REMOVED = "source_removed"
    IN_QUEUE = "in_queue"
    ROW_OPEN = "row_open"
    BETWEEN_ATTEMPTS = "between_attempts"
    ATTEMPTS_USED_UP = "attempts_used_up"
    UNDELIVERED = "undelivered"
    EXECUTION_RUNS = "execution_runs"
    EXECUTION_FAILED = "execution_failed"
    LOST = "lost"
    ROW_BUT_NO_OBJECT = "row_but_no_object"
    NEVER_STORED = "never_stored"


OUTCOMES: dict[Fate, Outcome] = {
    Fate.NOT_STARTED: Outcome.NOT_STARTED,
    Fate.NEVER_STARTED_AT_END: Outcome.NOT_STARTED,
    Fate.UPLOAD_FAILED: Outcome.UPLOAD_FAILED,
    Fate.ABORTED: Outcome.ABORTED,
    Fate.CUT_OFF: Outcome.ABORTED,
    Fate.ANSWER_LOST: Outcome.DELIVERED,
    Fate.PARTIAL_DELIVERED: Outcome.DELIVERED,
    Fate.PARTIAL_QUARANTINED: Outcome.ABORTED,
    Fate.PARTIAL_UNMARKED: Outcome.ABORTED,
    Fate.PARTIAL_MISSED: Outcome.DELIVERED,
    Fate.PARTIAL_BUT_ALL_BYTES: Outcome.DELIVERED,
    Fate.DELIVERED: Outcome.DELIVERED,
    Fate.DELIVERED_TWICE: Outcome.DELIVERED,
    Fate.DELIVERED_ROWLESS: Outcome.DELIVERED,
    Fate.DELIVERED_WRONG: Outcome.DELIVERED,
    Fate.FAILED: Outcome.FAILED,
    Fate.FAILED_AND_DLQ: Outcome.FAILED,
    Fate.DLQ: Outcome.DLQ,
    Fate.SUPERSEDED: Outcome.SUPERSEDED,
    Fate.SOURCE_DELETED: Outcome.SUPERSEDED,
    Fate.SOURCE_REMOVED: Outcome.SUPERSEDED,
    Fate.IN_QUEUE: Outcome.IN_FLIGHT,
    Fate.ROW_OPEN: Outcome.LOST,
    Fate.BETWEEN_ATTEMPTS: Outcome.IN_FLIGHT,
    Fate.ATTEMPTS_USED_UP: Outcome.DLQ,
    Fate.UNDELIVERED: Outcome.DLQ,
    Fate.EXECUTION_RUNS: Outcome.IN_FLIGHT,
    Fate.EXECUTION_FAILED: Outcome.FAILED,
    Fate.LOST: Outcome.LOST,
    Fate.ROW_BUT_NO_OBJECT: Outcome.LOST,
    Fate.NEVER_STORED: Outcome.LOST,
}
"""What settling must find for each fate."""


KEPT = frozenset(fate for fate in Fate if fate.name.startswith("PARTIAL")) - {Fate.PARTIAL_DELIVERED}
"""Uploads of which the SFTP server says itself that they broke off, and that it has kept what had arrived."""


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def file_id_of(key: str, version_id: str) -> str:
    return identity.file_id(SOURCE, key, version_id)


class World:
    """Both sides of a run: what the ledger says (files below `folder`) and what a stack holds (in memory).

    It is an `EvidenceSource`; `bodies` says what reading a destination version back gives.
    """

    def __init__(self, folder: Path) -> None:
        self.ledger_dir = folder / "ledger"
        self.ledger_dir.mkdir(parents=True, exist_ok=True)
        self.uploads_file = folder / "uploads.jsonl"
        self.table: dict[str, Row] = {}
        self.at_destination: dict[str, list[ObjectVersion]] = {}
        self.at_source: dict[str, list[ObjectVersion]] = {}
        self.hashes: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.queued: list[QueueMessage] = []
        self.dead: list[QueueMessage] = []
        self.not_delivered: list[QueueMessage] = []
        self.not_recorded = 0
        self.machines = ExecutionView()
        self.throttled = 0
        self.errors: tuple[FunctionErrors, ...] = ()
        self.can_peek = True
        self.offered = 0
        self.line("header", schema_version=1, run_id=RUN_ID, seed=1)

    # -- what the ledger and the SFTP server say

    def line(self, event: str, **fields: Any) -> None:
        _append(self.ledger_dir / "ledger-0.jsonl", {"e": event, **fields})

    def end(self) -> None:
        self.line("end", offered=self.offered, at=T0 + 1000, reason="complete")

    def offer(
        self,
        key: str | None = None,
        *,
        size_bytes: int = 10,
        at: float | None = None,
        kind: str = "",
        expects: str = "",
        temp_key: str = "",
    ) -> tuple[str, str]:
        """Offer one file, with what the ledger says only where it is so; return its ledger id and key."""
        given = {"kind": kind, "expects": expects, "temp_key": temp_key}
        marks = {name: mark for name, mark in given.items() if mark}
        ledger_id = identity.ledger_id(RUN_ID, self.offered)
        key = key or f"customer-{self.offered % 3}/incoming/{ledger_id}.csv"
        self.line(
            "offered",
            id=ledger_id,
            seq=self.offered,
            key=key,
            customer_id=key.partition("/")[0],
            size_bytes=size_bytes,
            intended_at=T0 + self.offered if at is None else at,
            **marks,
        )
        self.offered += 1
        return ledger_id, key

    def start(self, ledger_id: str, at: float) -> None:
        self.line("started", id=ledger_id, at=at)

    def acknowledge(self, ledger_id: str, at: float, content: str) -> None:
        self.line("uploaded", id=ledger_id, at=at, sha256=sha256_of(content))

    def close(self, key: str, version_id: str, at: float, *, size_bytes: int = 10, etag: str = "e") -> None:
        event = {"event": "closed", "user": "u", "bucket": SOURCE, "key": key, "version_id": version_id}
        _append(self.uploads_file, {**event, "etag": etag, "size_bytes": size_bytes, "closed_at": at})
        self.at_source.setdefault(key, []).append(ObjectVersion(key, version_id, size_bytes, at))

    def keep(self, key: str, version_id: str, at: float, *, size_bytes: int = 4) -> None:
        """The session ended with the file open, and what had arrived is an object."""
        event = {"event": "partial", "user": "u", "bucket": SOURCE, "key": key, "version_id": version_id}
        more = {"etag": "e", "size_bytes": size_bytes, "closed_at": at, "reason": "the connection was lost"}
        _append(self.uploads_file, {**event, **more})
        self.at_source.setdefault(key, []).append(ObjectVersion(key, version_id, size_bytes, at))

    # -- what the stack holds

    def deliver(
        self,
        key: str,
        version_id: str,
        content: str,
        at: float,
        *,
        size_bytes: int = 10,
        tag: str | None = None,
    ) -> None:
        self.at_destination.setdefault(key, []).append(ObjectVersion(key, version_id, size_bytes, at))
        self.hashes[version_id] = sha256_of(content)
        if tag:
            self.tags[version_id] = tag

    def row(self, file_id: str, status: str, at: float, **columns: Any) -> None:
        times = {"queued_at": at, "first_received_at": at + 0.1, "handler_started_at": at + 0.2}
        self.table[file_id] = Row(file_id, status, **{**times, "handler_ended_at": at + 0.5, **columns})

    # -- EvidenceSource

    def rows(self, file_ids: Iterable[str]) -> Mapping[str, Row]:
        return {file_id: self.table[file_id] for file_id in file_ids if file_id in self.table}

    def destination(self, keys: Collection[str]) -> VersionsByKey:
        return {key: self.at_destination[key] for key in keys if key in self.at_destination}

    def source(self, keys: Collection[str]) -> VersionsByKey:
        return {key: self.at_source[key] for key in keys if key in self.at_source}

    def read_back(self, versions: Collection[ObjectVersion], progress: Progress) -> None:
        for version in versions:
            version.sha256 = self.hashes.get(version.version_id)

    def read_tags(self, versions: Collection[ObjectVersion]) -> None:
        for version in versions:
            version.file_id = self.tags.get(version.version_id)

    def work_queue(self) -> QueueView:
        return QueueView(len(self.queued), list(self.queued) if self.can_peek else None)

    def dead_letters(self) -> QueueView:
        return QueueView(len(self.dead), list(self.dead))

    def undelivered(self) -> QueueView:
        return QueueView(len(self.not_delivered), list(self.not_delivered))

    def recorder_dead_letters(self) -> int:
        return self.not_recorded

    def executions(self, since: float) -> ExecutionView:
        return self.machines

    def throttles(self, since: float) -> int:
        return self.throttled

    def function_errors(self, since: float) -> tuple[FunctionErrors, ...]:
        return self.errors

    # -- whole files

    def inputs(self) -> SettleInputs:
        return SettleInputs(ENGINE, DESCRIPTION, self.ledger_dir, self.uploads_file)

    def settle(self) -> Settlement:
        return settle(self.inputs(), wait_s=0, progress=lambda _: None, source=self, pause=lambda _: None)

    def add(self, fate: Fate, key: str | None = None, *, kind: str = "", expects: str = "") -> str:
        """Offer one file and let `fate` happen to it; return its ledger id."""
        at = T0 + self.offered
        ledger_id, key = self.offer(key, at=at, kind=kind, expects=expects)
        if fate is Fate.NEVER_STARTED_AT_END:
            return ledger_id
        if fate is Fate.NOT_STARTED:
            self.line("not_started", id=ledger_id, at=at + 1, cause="late")
            return ledger_id
        self.start(ledger_id, at + 0.01)
        if fate is Fate.CUT_OFF:
            return ledger_id
        if fate in (Fate.UPLOAD_FAILED, Fate.ABORTED):
            self.line(fate.value, id=ledger_id, at=at + 0.1, cause="ConnectionLost", message="gone")
            return ledger_id
        self._upload(fate, ledger_id, key, at)
        return ledger_id

    def _upload(self, fate: Fate, ledger_id: str, key: str, at: float) -> None:
        version_id, content = f"v-{ledger_id}", f"content of {ledger_id}"
        if fate in KEPT:
            self._break_off(fate, ledger_id, key, version_id, at)
            return
        if fate in (Fate.ANSWER_LOST, Fate.PARTIAL_DELIVERED):
            self.line("aborted", id=ledger_id, at=at + 0.3, cause="ConnectionLost")
        else:
            self.acknowledge(ledger_id, at + 0.2, content)
        if fate is Fate.NEVER_STORED:
            return
        size_bytes = 4 if fate is Fate.PARTIAL_DELIVERED else 10
        self.close(key, version_id, at + 0.15, size_bytes=size_bytes)
        self._after_upload(fate, key, version_id, content, at, size_bytes)

    def _break_off(self, fate: Fate, ledger_id: str, key: str, version_id: str, at: float) -> None:
        self.line("aborted", id=ledger_id, at=at + 0.3, cause="ConnectionLost")
        size_bytes = 10 if fate is Fate.PARTIAL_BUT_ALL_BYTES else 4
        self.keep(key, version_id, at + 0.35, size_bytes=size_bytes)
        file_id, copy = file_id_of(key, version_id), f"d-{version_id}"
        if fate is Fate.PARTIAL_QUARANTINED:
            self.row(file_id, "failed", at + 0.4, error_type="PartialUpload", withdrawn_at=at + 0.6)
        if fate in (Fate.PARTIAL_MISSED, Fate.PARTIAL_BUT_ALL_BYTES):
            self.row(file_id, "transferred", at + 0.4, destination_version_id=copy)
            self.deliver(key, copy, f"content of {ledger_id}", at + 0.5, size_bytes=size_bytes)

    def _after_upload(
        self, fate: Fate, key: str, version_id: str, content: str, at: float, size_bytes: int
    ) -> None:
        file_id, message = file_id_of(key, version_id), QueueMessage(key, version_id)
        delivered = OUTCOMES[fate] is Outcome.DELIVERED
        if delivered:
            body = "other bytes" if fate is Fate.DELIVERED_WRONG else content
            self.deliver(key, f"d-{version_id}", body, at + 0.5, size_bytes=size_bytes)
        if fate is Fate.DELIVERED_TWICE:
            self.deliver(key, f"d2-{version_id}", content, at + 0.6)
        if (delivered and fate is not Fate.DELIVERED_ROWLESS) or fate is Fate.ROW_BUT_NO_OBJECT:
            self.row(file_id, "transferred", at + 0.3, destination_version_id=f"d-{version_id}")
        if fate in (Fate.FAILED, Fate.FAILED_AND_DLQ):
            self.row(file_id, "failed", at + 0.3, error_type="AccessDenied", error_message="no")
        if fate in (Fate.FAILED_AND_DLQ, Fate.DLQ):
            self.dead.append(message)
        if fate is Fate.SUPERSEDED:
            self.row(file_id, "superseded", at + 0.3)
        if fate is Fate.SOURCE_DELETED:
            marker = ObjectVersion(key, f"m-{version_id}", 0, at + 0.4, is_delete_marker=True)
            self.at_source[key].append(marker)
        if fate is Fate.SOURCE_REMOVED:
            del self.at_source[key]
        if fate in (Fate.IN_QUEUE, Fate.BETWEEN_ATTEMPTS):
            self.queued.append(message)
        if fate in (Fate.ROW_OPEN, Fate.EXECUTION_RUNS, Fate.EXECUTION_FAILED):
            self.row(file_id, "processing", at + 0.3, handler_ended_at=None)
        if fate in (Fate.BETWEEN_ATTEMPTS, Fate.ATTEMPTS_USED_UP):
            self.row(file_id, "queued", at + 0.3, error_type="SlowDown", error_message="slow", attempts=2)
        if fate is Fate.ATTEMPTS_USED_UP:
            self.dead.append(message)
        if fate is Fate.UNDELIVERED:
            self.not_delivered.append(QueueMessage(key, version_id, "NO_PERMISSIONS: not allowed"))
        if fate is Fate.EXECUTION_RUNS:
            self.execute(Execution(f"arn:{file_id}", file_id, "RUNNING"))
        if fate is Fate.EXECUTION_FAILED:
            self.execute(
                Execution(f"arn:{file_id}", "x", "FAILED", message, "States.Runtime", "no such path")
            )

    def execute(self, execution: Execution) -> None:
        self.machines = replace(self.machines, executions=(*self.machines.executions, execution))


def _append(path: Path, data: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(data) + "\n")


def record(**changes: Any) -> FileRecord:
    """A delivered file that took 10, 90, 100, 100, 100 and 100 ms in its stages."""
    fields: dict[str, Any] = {
        "ledger_id": f"{RUN_ID}-0000000",
        "key": "customer-0/incoming/a.csv",
        "customer_id": "customer-0",
        "size_bytes": 10,
        "intended_at": T0,
        "outcome": Outcome.DELIVERED,
        "started_at": T0 + 0.01,
        "closed_at": T0 + 0.1,
        "queued_at": T0 + 0.2,
        "first_received_at": T0 + 0.3,
        "handler_started_at": T0 + 0.4,
        "handler_ended_at": T0 + 0.5,
        "destination_versions": 1,
        "verified": True,
    }
    return FileRecord(**{**fields, **changes})
