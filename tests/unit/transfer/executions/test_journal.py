"""Where the lines of an execution go."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.transfer.executions.execution import WorkflowExecution
from harness.transfer.model import Server, Workflow
from harness.transfer.store import TransferStore
from tests.unit.transfer.executions.test_executions import SERVER, TRIGGER, WORKFLOW_ID, Reporting

pytestmark = pytest.mark.unit

OF_USER = rf"mary\.{WORKFLOW_ID}\.[0-9a-f]{{16}}"
OF_WORKFLOW = rf"{WORKFLOW_ID}/[0-9a-f]{{16}}"


def _arn(group: str) -> str:
    return f"arn:aws:logs:us-east-1:000000000000:log-group:{group}:*"


def _server(group: str | None = None) -> Server:
    return Server(
        ServerId=SERVER.ServerId, Arn="arn", StructuredLogDestinations=(_arn(group),) if group else ()
    )


@pytest.mark.parametrize(
    ("of_workflow", "server", "expected"),
    [
        ("/mine", SERVER, ("/mine", OF_WORKFLOW)),
        (None, SERVER, (f"/aws/transfer/{SERVER.ServerId}", OF_USER)),
        (None, _server("/sessions"), ("/sessions", OF_USER)),
        (None, _server(), None),
    ],
)
def test_the_workflows_group_comes_before_the_servers(
    tmp_path: Path, of_workflow: str | None, server: Server, expected: tuple[str, str] | None
) -> None:
    destinations = (_arn(of_workflow),) if of_workflow else ()
    workflow = Workflow(WorkflowId=WORKFLOW_ID, Arn="arn", StructuredLogDestinations=destinations)
    with TransferStore(tmp_path / "transfer.sqlite", writable=True) as store:
        store.put_workflow(workflow)
        services = Reporting(store, "SUCCESS")
        assert WorkflowExecution(TRIGGER, workflow, server, services).run()
    calls = services.named("put_log_events")
    if expected is None:
        assert calls == []
    else:
        (group,) = {call["logGroupName"] for call in calls}
        (stream,) = {call["logStreamName"] for call in calls}
        assert group == expected[0]
        assert re.fullmatch(expected[1], stream)
