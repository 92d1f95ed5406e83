"""Which uploads start a workflow, and the file that tells the control plane so.

https://docs.aws.amazon.com/transfer/latest/userguide/transfer-workflows.html
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from harness.exceptions import EnvironmentNotReadyError
from harness.sftp.records.events import Happening
from harness.transfer.model import WorkflowTrigger, WorkflowTriggers


class TriggersFile:
    """Appends a line for each workflow that is to be run. One `write` on a descriptor opened for appending:
    lines of several workers do not mix.

    :raises EnvironmentNotReadyError: the file cannot be written
    """

    def __init__(self, path: Path, workflows: WorkflowTriggers, server_id: str) -> None:
        self._workflows = workflows
        self._server_id = server_id
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as exc:
            raise EnvironmentNotReadyError(f"cannot write {path}: {exc}") from exc

    def hear(self, happening: Happening) -> None:
        for trigger in triggered(happening, self._workflows):
            line = (
                json.dumps(_fields(trigger, happening, self._server_id), ensure_ascii=False).encode() + b"\n"
            )
            try:
                os.write(self._descriptor, line)
            except OSError as exc:
                print(f"a workflow is not started ({exc}): {line.decode()}", file=sys.stderr, flush=True)


def triggered(happening: Happening, workflows: WorkflowTriggers) -> tuple[WorkflowTrigger, ...]:
    """Return the workflows that this starts: none for files of 0 bytes and for what left no object."""
    if happening.subject != "File Upload" or not happening.size_bytes or happening.etag is None:
        return ()
    if happening.failure is None:
        return workflows.OnUpload
    return workflows.OnPartialUpload if happening.failure.code == "PARTIAL_UPLOAD" else ()


def _fields(trigger: WorkflowTrigger, happening: Happening, server_id: str) -> dict[str, str | None]:
    bucket, _, key = happening.paths[0][1:].partition("/")
    return {
        "workflow_id": trigger.WorkflowId,
        "execution_role": trigger.ExecutionRole,
        "kind": "OnUpload" if happening.failure is None else "OnPartialUpload",
        "server_id": server_id,
        "user_name": happening.session.user,
        "session_id": happening.session.id,
        "bucket": bucket,
        "key": key,
        "etag": happening.etag,
        "version_id": happening.version_id,
    }
