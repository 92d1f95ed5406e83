"""Executions of the pipeline's state machines: which files they hold, and how those ended that failed.

An execution is about a file when it is named after its `file_id`, when the file's row says that it was
claimed by it, or when its input (the `Object Created` event, or the names of bucket and key) names the file's
key and version. Express machines keep no list of executions; a Standard parent answers for them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.aws import translated
from harness.exceptions import AwsError
from harness.measure.queues import QueueMessage, parse_body

RUNNING = "RUNNING"
FAILED_STATUSES = ("FAILED", "TIMED_OUT", "ABORTED")
PAGE_SIZE = 1000
"""Executions in one ListExecutions
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html)."""
MAX_PAGES = 20
"""Of one machine; beyond them executions are not counted, which is told."""
MAX_DESCRIBED = 500
"""A description is a call, and AWS allows 15 a second for long."""
_CHILD = "child"
_NO_LIST = frozenset({"StateMachineTypeNotSupported", "StateMachineDoesNotExist"})


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution; what its description tells is `None` where it was not asked for."""

    arn: str
    name: str
    status: str
    about: QueueMessage | None = None
    error: str | None = None
    cause: str | None = None

    @property
    def is_failed(self) -> bool:
        return self.status in FAILED_STATUSES


@dataclass(frozen=True, slots=True)
class ExecutionView:
    """One look at the machines. `counts` is by role of the machine and by status."""

    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    executions: tuple[Execution, ...] = ()
    """Those that run and those that failed, of machines that files are handed to."""
    cut_off: bool = False
    """There were more than were looked at, so that absence proves nothing."""


class ExecutionReader:
    """Reads executions through a boto3 Step Functions client.

    :param machines: role to ARN; a file is handed to each but the child
    """

    def __init__(self, client: Any, machines: Mapping[str, str]) -> None:
        self._client = client
        self._machines = machines

    def any_running(self, since: float) -> bool:
        """Tell whether a machine works on what was started at `since` (epoch seconds) or later.

        :raises StackLostError: the engine does not answer
        :raises AwsError: executions cannot be listed
        """
        return any(self._newest_running(arn, since) for arn in self._machines.values())

    def _newest_running(self, arn: str, since: float) -> bool:
        page = self._page(arn, maxResults=1, statusFilter=RUNNING)
        return any(item["startDate"].timestamp() >= since for item in page["executions"])

    def view(self, since: float) -> ExecutionView:
        """Count what was started at `since` or later, and describe what runs or failed.

        Raises as `any_running`.
        """
        counts: dict[str, Counter[str]] = {}
        found: list[Execution] = []
        cut_off = False
        for role, arn in self._machines.items():
            counts[role] = Counter()
            for listed, item in enumerate(self._since(arn, since), start=1):
                counts[role][item["status"]] += 1
                cut_off = cut_off or listed == MAX_PAGES * PAGE_SIZE
                if role != _CHILD and item["status"] in (RUNNING, *FAILED_STATUSES):
                    found.append(Execution(item["executionArn"], item["name"], item["status"]))
        return ExecutionView(counts, tuple(self._described(found)), cut_off or len(found) > MAX_DESCRIBED)

    def counts(self, since: float) -> dict[str, Counter[str]]:
        """Count what was started at `since` or later, by role and by status; raises as `any_running`."""
        return {
            role: Counter(item["status"] for item in self._since(arn, since))
            for role, arn in self._machines.items()
        }

    def _since(self, arn: str, since: float) -> Iterator[dict[str, Any]]:
        """Yield executions, the newest first, as AWS lists them."""
        more: dict[str, Any] = {}
        for _ in range(MAX_PAGES):
            page = self._page(arn, maxResults=PAGE_SIZE, **more)
            for item in page["executions"]:
                if item["startDate"].timestamp() < since:
                    return
                yield item
            if not page.get("nextToken"):
                return
            more = {"nextToken": page["nextToken"]}

    def _page(self, arn: str, **request: Any) -> dict[str, Any]:
        try:
            with translated("listing the executions of a state machine"):
                page: dict[str, Any] = self._client.list_executions(stateMachineArn=arn, **request)
                return page
        except AwsError as exc:
            if exc.code not in _NO_LIST:
                raise
            return {"executions": []}

    def _described(self, found: Iterable[Execution]) -> Iterator[Execution]:
        """The failed ones first: only their descriptions say why."""
        ordered = sorted(found, key=lambda execution: not execution.is_failed)
        for number, execution in enumerate(ordered):
            yield self._describe(execution) if number < MAX_DESCRIBED else execution

    def _describe(self, execution: Execution) -> Execution:
        try:
            with translated("describing an execution"):
                told = self._client.describe_execution(executionArn=execution.arn)
        except AwsError as exc:
            if exc.code != "ExecutionDoesNotExist":
                raise
            return execution
        return replace(
            execution,
            status=told["status"],
            about=parse_input(told.get("input") or "{}"),
            error=told.get("error"),
            cause=told.get("cause"),
        )


def parse_input(text: str) -> QueueMessage:
    """Read which object an execution is about: an event, or `{"source_bucket", "key", "version_id"}`."""
    about = parse_body(text)
    if about.key is not None:
        return about
    try:
        given = json.loads(text)
    except ValueError:
        return about
    plain = given if isinstance(given, dict) else {}
    return QueueMessage(plain.get("key"), plain.get("version_id"))
