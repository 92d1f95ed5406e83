"""Validate: refuses by name and size, and claims the file for this execution.

The first task of every parent. It costs one call, the claim; all it judges stands in the event. Content is
judged where the bytes are read (see `inspecting`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.common import clock
from pipeline.common.events import Upload
from pipeline.records import states
from pipeline.records.changes import Claim
from pipeline.records.rows import Row
from pipeline.records.single import RecordTable
from pipeline.records.states import Hold
from pipeline.workflow import documents, inputs
from pipeline.workflow.documents import FileDocument
from pipeline.workflow.errors import (
    DisallowedTypeError,
    EmptyNameError,
    InvalidNameError,
    NameTooLongError,
    NothingToDoError,
    TooLargeError,
    translated,
)
from pipeline.workflow.inputs import Arrival
from pipeline.workflow.settings import ValidateSettings, listed

_MAX_NAME_BYTES = 255
"""What file systems take. (S3 takes keys of 1,024 bytes in all.)"""


@dataclass(frozen=True)
class Rules:
    """What may pass."""

    max_size_bytes: int
    suffixes: tuple[str, ...] | None
    """Allowed ends of names, in lower case; `None` allows all."""

    @classmethod
    def of(cls, settings: ValidateSettings) -> Rules:
        return cls(settings.max_size_bytes, listed(settings.allowed_suffixes))

    def check(self, upload: Upload) -> None:
        """:raises RefusedError: in the order of its cheapest explanation: name, suffix, size"""
        _check_name(upload.key.rsplit("/", 1)[-1])
        if self.suffixes is not None and not upload.key.lower().endswith(self.suffixes):
            raise DisallowedTypeError(f"'{upload.key}' ends in none of {', '.join(self.suffixes)}")
        if upload.size_bytes > self.max_size_bytes:
            raise TooLargeError(f"{upload.size_bytes} bytes, {self.max_size_bytes} are allowed")


def _check_name(name: str) -> None:
    if not name.strip():
        raise EmptyNameError("the name after the last '/' is empty")
    if any(unicodedata.category(character) == "Cc" for character in name):
        raise InvalidNameError(f"the name has control characters: {name!r}")
    if (length := len(name.encode())) > _MAX_NAME_BYTES:
        raise NameTooLongError(f"the name has {length} bytes, {_MAX_NAME_BYTES} are allowed")


@dataclass(frozen=True)
class Validate:
    """The task."""

    table: RecordTable
    rules: Rules

    def run(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """Answer with the file's document.

        The claim comes first, so that a refusal is written by whoever holds the row and a duplicate of a
        refused file stays a duplicate.

        :param task: `event`, the input of the execution, and `execution`, its ARN
        :raises RefusedError: the file may not pass
        :raises NothingToDoError: a duplicate, or the marker of a folder
        """
        arrival = inputs.read(task["event"])
        if arrival.upload.is_directory_marker and arrival.upload.size_bytes == 0:
            raise NothingToDoError(f"'{arrival.upload.key}' is the marker of a folder")
        with translated():
            row = claim(self.table, arrival, task["execution"])
        self.rules.check(arrival.upload)
        upload = arrival.upload
        return FileDocument(
            upload=upload,
            execution=task["execution"],
            attempt=row.attempts,
            child_name=documents.child_name(upload.file_id, row.attempts, row.redrives),
        ).to_json()


def claim(table: RecordTable, arrival: Arrival, execution: str) -> Row:
    """Take the file for this execution, or take it again when this very execution tries once more.

    :raises NothingToDoError: another execution has it, or it has ended
    """
    upload = arrival.upload
    wish = Claim(upload, execution, clock.now_iso(), delivery=arrival.delivery, hold=Hold.EXCLUSIVE)
    answer = table.apply(table.claim_change(wish))
    found = answer.row
    if not answer.applied and arrival.is_redrive and found and found.status == states.FAILED:
        table.requeue(upload.file_id)
        answer = table.apply(table.claim_change(wish))
    if not answer.applied or answer.row is None:
        state = f"is {found.status}, by {found.claimed_by}" if found else "could not be claimed"
        raise NothingToDoError(f"'{upload.key}' {state}", found)
    return answer.row
