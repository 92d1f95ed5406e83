"""What a stack that is still up tells about one file: row, versions, queues, executions, logs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from harness import aws
from harness.aws import translated
from harness.clock import from_iso
from harness.engines.registry import queue_peeker
from harness.exceptions import AwsError, FloodgateError
from harness.measure import objects, queues
from harness.measure.executions import FAILED_STATUSES, parse_input
from harness.measure.handler_logs import HandlerLogs
from harness.stack.description import StackDescription
from harness.trace.folder import ROW_TIMES, log_moments, request_of
from harness.trace.story import FileRef, Moment, Story

_ROW_IDENTITY = frozenset({"file_id", "key", "source_bucket", "version_id", "size_bytes", "expires_at"})
_TOLD = frozenset({"expires_at", "updated_at", *(name for name, _ in ROW_TIMES)})
"""Times that tell nothing, or that the settled row has told."""
_MAX_LISTED = 1000
_MAX_DESCRIBED = 40
_MAX_HISTORY = 100
_CAUSE_CHARS = 400


class StackTeller:
    """Asks the stack about one file after the other."""

    def __init__(self, description: StackDescription, since: float) -> None:
        """:param since: when the run began, in seconds since the epoch"""
        self._description = description
        self._engine = description.engine
        self._since = since

    def tell(self, story: Story, *, with_logs: bool) -> None:
        """Add what the stack knows; what cannot be asked is a gap, and never ends the story.

        :param with_logs: ask for the handlers' log lines, too
        """
        self._trying(story, "row", self._row)
        self._trying(story, "source bucket", lambda s: self._versions(s, "source"))
        self._trying(story, "destination bucket", lambda s: self._versions(s, "destination"))
        self._trying(story, "queues", self._queues)
        self._trying(story, "executions", self._executions)
        if with_logs:
            self._trying(story, "logs", self._logs)

    def _trying(self, story: Story, what: str, ask: Callable[[Story], None]) -> None:
        try:
            ask(story)
        except FloodgateError as error:
            story.gaps.append(f"The stack's {what} could not be read: {error.message}")

    def _row(self, story: Story) -> None:
        table, file_id = self._description.table, story.file.file_id
        if not table or not file_id:
            return
        with translated("reading the file's row"):
            item = aws.client("dynamodb", self._engine).get_item(
                TableName=table, Key={"file_id": {"S": file_id}}, ConsistentRead=True
            )
        row = {name: next(iter(value.values())) for name, value in item.get("Item", {}).items()}
        story.facts.append(("row", _row_text(row) if row else "there is none"))
        story.moments += _row_moments(row)

    def _versions(self, story: Story, bucket: str) -> None:
        s3, name = aws.client("s3", self._engine), self._description.buckets[bucket]
        for key in story.file.names:
            for version in objects.list_versions(s3, name, [key]).get(key, ()):
                kind = "delete marker" if version.is_delete_marker else f"{version.size_bytes} bytes"
                latest = ", the latest" if version.is_latest else ""
                ours = ", this upload" if version.version_id == story.file.version_id else ""
                text = f"version {version.version_id} of {key}: {kind}{latest}{ours} (time in whole seconds)"
                story.moments.append(Moment(version.modified_at, bucket, text))

    def _queues(self, story: Story) -> None:
        sqs, peek = aws.client("sqs", self._engine), queue_peeker(self._engine)
        if peek is None:
            story.gaps.append("Messages in the queues of this engine cannot be read without receiving them.")
            return
        held = [
            role
            for role, url in self._description.queues.items()
            for message in queues.dead_letter_messages(sqs, url, peek)
            if _is_about(story.file, queues.read(message).key, queues.read(message).version_id)
        ]
        story.facts.append(("queues", f"a message in {', '.join(held)}" if held else "no message about it"))

    def _executions(self, story: Story) -> None:
        client = aws.client("stepfunctions", self._engine)
        stored_at = max(
            (moment.at for moment in story.moments if moment.source == "sftp"), default=self._since
        )
        for role, arn in self._description.state_machines.items():
            for described in self._executions_about(client, arn, story.file, stored_at):
                story.moments += _execution_moments(role, described, _history(client, described))

    def _executions_about(
        self, client: Any, arn: str, file: FileRef, stored_at: float
    ) -> Iterator[dict[str, Any]]:
        """Describe the executions that began nearest to the upload, and yield those about the file."""
        listed = sorted(
            _listed(client, arn, self._since), key=lambda item: abs(item["startDate"].timestamp() - stored_at)
        )
        for item in listed[:_MAX_DESCRIBED]:
            with translated("describing an execution"):
                described = client.describe_execution(executionArn=item["executionArn"])
            about = parse_input(described.get("input") or "{}")
            if _is_about(file, about.key, about.version_id) or _is_named_after(file, item["name"]):
                yield described

    def _logs(self, story: Story) -> None:
        logs = HandlerLogs(aws.client("logs", self._engine), self._description.log_groups)
        lines = [line for mark in story.file.marks for line in logs.about(mark, self._since)]
        requests = {request for line in lines if (request := request_of(line.message))}
        lines += [line for request in requests for line in logs.about(request, self._since)]
        story.moments += log_moments(story.file, dict.fromkeys(lines))


def _row_text(row: dict[str, str]) -> str:
    told = {name: value for name, value in row.items() if name not in _ROW_IDENTITY}
    return ", ".join(f"{name} {value}" for name, value in sorted(told.items()))


def _row_moments(row: dict[str, str]) -> Iterator[Moment]:
    for name, value in row.items():
        if name.endswith("_at") and name not in _TOLD and not value.isdigit():
            yield Moment(from_iso(value), "row", name)


def _is_about(file: FileRef, key: str | None, version_id: str | None) -> bool:
    if version_id and version_id != "null" and file.version_id:
        return version_id == file.version_id
    return key in file.names


def _is_named_after(file: FileRef, execution: str) -> bool:
    """A child is named after its file's `file_id`, and its attempt."""
    return file.file_id is not None and execution.startswith(file.file_id)


def _listed(client: Any, arn: str, since: float) -> Iterator[dict[str, Any]]:
    try:
        with translated("listing executions"):
            page = client.list_executions(stateMachineArn=arn, maxResults=_MAX_LISTED)
    except AwsError as exc:
        if exc.code != "StateMachineTypeNotSupported":
            raise
        return
    yield from (item for item in page["executions"] if item["startDate"].timestamp() >= since)


def _history(client: Any, described: dict[str, Any]) -> list[dict[str, Any]]:
    with translated("reading an execution's history"):
        told = client.get_execution_history(
            executionArn=described["executionArn"], maxResults=_MAX_HISTORY, includeExecutionData=True
        )
    events: list[dict[str, Any]] = told["events"]
    return events


def _execution_moments(
    role: str, described: dict[str, Any], history: list[dict[str, Any]]
) -> Iterator[Moment]:
    source = f"execution {role}"
    yield Moment(described["startDate"].timestamp(), source, f"started: {described['executionArn']}")
    for event in history:
        details: dict[str, Any] = next(
            (value for name, value in event.items() if name.endswith("EventDetails")), {}
        )
        told = {name: details[name] for name in ("name", "error", "cause") if details.get(name)}
        if told:
            text = json.dumps(told, ensure_ascii=False)[:_CAUSE_CHARS]
            yield Moment(event["timestamp"].timestamp(), source, f"{event['type']} {text}")
    if (stopped := described.get("stopDate")) is not None:
        failed = f": {described.get('error')} {described.get('cause')}"[:_CAUSE_CHARS]
        status = described["status"]
        yield Moment(stopped.timestamp(), source, f"{status}{failed if status in FAILED_STATUSES else ''}")
