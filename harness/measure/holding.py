"""Who holds a file: a message in a queue, or an execution of a state machine."""

from __future__ import annotations

from collections.abc import Iterable

from harness.measure.executions import RUNNING, Execution
from harness.measure.joining import Upload
from harness.measure.queues import QueueMessage, QueueView
from harness.measure.rows import Row


class Messages:
    """Answers whether a queue holds a message about an upload."""

    def __init__(self, view: QueueView) -> None:
        self._by_version: dict[str, QueueMessage] = {}
        self._by_key: dict[str, QueueMessage] = {}
        for message in view.messages or ():
            if message.version_id and message.version_id != "null":
                self._by_version[message.version_id] = message
            elif message.key:
                self._by_key[message.key] = message

    def about(self, upload: Upload) -> QueueMessage | None:
        return self.find(upload.version_id, upload.entry.key)

    def find(self, version_id: str | None, key: str) -> QueueMessage | None:
        return self._by_version.get(version_id or "") or self._by_key.get(key)


class Executions:
    """Answers which execution is about an upload: the one that runs, or else the one that failed."""

    def __init__(self, executions: Iterable[Execution]) -> None:
        self._by_arn: dict[str, Execution] = {}
        self._by_name: dict[str, Execution] = {}
        self._by_version: dict[str, Execution] = {}
        self._by_key: dict[str, Execution] = {}
        for execution in sorted(executions, key=lambda execution: execution.status == RUNNING):
            self._by_arn[execution.arn] = self._by_name[execution.name] = execution
            about = execution.about
            if about and about.version_id and about.version_id != "null":
                self._by_version[about.version_id] = execution
            elif about and about.key:
                self._by_key[about.key] = execution

    def about(self, upload: Upload, row: Row | None) -> Execution | None:
        claimed_by = row.claimed_by if row else None
        return self._by_arn.get(claimed_by or "") or self.find(
            upload.file_id, upload.version_id, upload.entry.key
        )

    def find(self, file_id: str | None, version_id: str | None, key: str) -> Execution | None:
        return (
            self._by_name.get(file_id or "")
            or self._by_version.get(version_id or "")
            or self._by_key.get(key)
        )
