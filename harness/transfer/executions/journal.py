"""The log stream of an execution: `<workflow-id>/<suffix>` in the log group of its workflow, or else
`<user>.<workflow-id>.<suffix>` in that of its server.

The lines are those of AWS's samples: a run that succeeds in
https://docs.aws.amazon.com/transfer/latest/userguide/cloudwatch-workflows.html, `StepErrored` and
`ExecutionErrored` in https://docs.aws.amazon.com/transfer/latest/userguide/transfer-troubleshooting.html.
Of `ExecutionThrottled` that page has the type only; its empty details are ours.
"""

from __future__ import annotations

import json
import logging
import secrets
from typing import Any

from harness import clock
from harness.exceptions import FloodgateError
from harness.transfer.executions.errors import StepError
from harness.transfer.executions.services import Services
from harness.transfer.executions.steps import Context, Location
from harness.transfer.model import Server, Workflow

_log = logging.getLogger(__name__)


class ExecutionLog:
    """Writes each line at once. A log that cannot be written is told once, and stops nothing."""

    def __init__(self, context: Context, workflow: Workflow, server: Server, services: Services) -> None:
        self._context = context
        self._services = services
        self._group, stream = _destination(workflow, server, context.trigger.user_name)
        self._stream = stream + secrets.token_hex(8)
        self._has_stream = False

    def configuration(self, server: Server) -> dict[str, str]:
        """Return `LoggingConfiguration` of `DescribeExecution`."""
        fields = {"LoggingRole": server.LoggingRole, "LogGroupName": self._group}
        return {name: value for name, value in fields.items() if value}

    def started(self) -> None:
        where = self._context.original
        fields = {"bucket": where.bucket, "key": where.key, "versionId": where.version_id, "etag": where.etag}
        self._write("ExecutionStarted", {"input": {"initialFileLocation": _without_none(fields)}})

    def step_started(self, kind: str, name: str, where: Location) -> None:
        fields = {
            "backingStore": "S3",
            "bucket": where.bucket,
            "key": where.key,
            "versionId": where.version_id,
            "etag": where.etag,
        }
        self._write("StepStarted", {"input": {"fileLocation": _without_none(fields)}, **_step(kind, name)})

    def step_completed(self, kind: str, name: str) -> None:
        self._write("StepCompleted", {"output": {}, **_step(kind, name)})

    def step_errored(self, kind: str, name: str, failure: StepError) -> None:
        error = {"errorType": failure.kind, "errorMessage": failure.message}
        self._write("StepErrored", {**error, **_step(kind, name)})

    def throttled(self) -> None:
        self._write("ExecutionThrottled", {})

    def ended(self, failed: bool) -> None:
        """Why it failed stands in the line of the step."""
        self._write("ExecutionErrored" if failed else "ExecutionCompleted", {})

    def _write(self, kind: str, details: dict[str, Any]) -> None:
        if self._group is None:
            return
        try:
            self._make_stream(self._group)
            self._services.call(
                "logs",
                "put_log_events",
                logGroupName=self._group,
                logStreamName=self._stream,
                logEvents=[{"timestamp": int(clock.now() * 1000), "message": self._line(kind, details)}],
            )
        except FloodgateError as exc:
            _log.warning("the log of an execution is not delivered to %s: %s", self._group, exc)
            self._group = None

    def _make_stream(self, group: str) -> None:
        if not self._has_stream:
            self._services.call("logs", "create_log_stream", logGroupName=group, logStreamName=self._stream)
            self._has_stream = True

    def _line(self, kind: str, details: dict[str, Any]) -> str:
        trigger = self._context.trigger
        line = {
            "type": kind,
            "details": details,
            "workflowId": trigger.workflow_id,
            "executionId": self._context.execution_id,
            "transferDetails": {
                "serverId": trigger.server_id,
                "username": trigger.user_name,
                "sessionId": trigger.session_id,
            },
        }
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def _destination(workflow: Workflow, server: Server, user: str) -> tuple[str | None, str]:
    """Return the log group, and how the name of the stream begins. AWS documents the workflow's own group and
    the one that a LoggingRole writes to. With neither, the server's structured logs get the lines: ours.
    """
    stream = f"{user}.{workflow.WorkflowId}."
    if workflow.StructuredLogDestinations:
        return _group_name(workflow.StructuredLogDestinations[0]), f"{workflow.WorkflowId}/"
    if server.LoggingRole:
        return f"/aws/transfer/{server.ServerId}", stream
    if server.StructuredLogDestinations:
        return _group_name(server.StructuredLogDestinations[0]), stream
    return None, stream


def _group_name(arn: str) -> str:
    return arn.split(":")[6]


def _step(kind: str, name: str) -> dict[str, str]:
    return {"stepType": kind, "stepName": name}


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
