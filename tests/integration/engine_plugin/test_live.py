"""The live figures of a real LocalStack."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.engines.localstack import live
from harness.engines.localstack.plugin_api import PluginApi
from tests.integration.engine_plugin.lambdas import create_function, eventually
from tests.integration.engine_plugin.localstack_process import LocalStackProcess
from tests.integration.engine_plugin.machines import Machines

pytestmark = pytest.mark.integration

_HANDLER = """
def handler(event, context):
    if event.get("fail"):
        raise ValueError("asked to")
    return event
"""


@pytest.fixture
def api(localstack: LocalStackProcess) -> PluginApi:
    return PluginApi(localstack.endpoint_url)


def invoke(client: Any, name: str, event: dict[str, Any]) -> None:
    client.invoke(FunctionName=name, Payload=json.dumps(event).encode())


def test_invocations_errors_and_concurrency_are_counted(
    localstack: LocalStackProcess, api: PluginApi, unique: str
) -> None:
    client, name = localstack.client("lambda"), f"live-{unique}"
    create_function(client, name, _HANDLER)
    began = live.read(api, since=0.0)
    for event in ({}, {}, {"fail": True}):
        invoke(client, name, event)
    found = live.read(api, since=began.at)
    function = found.functions[name]
    assert (function["invocations"], function["errors"], function["throttles"]) == (3, 1, 0)
    assert (function["running"], function["peak"]) == (0, 1)
    assert 0 < function["busy_s"] <= found.at - began.at
    assert function["duration_ms"] > 0
    assert found.asked == began.asked + 1
    assert found.cpu_s >= began.cpu_s


@pytest.mark.parametrize("suffix", ["", ".fifo"])
def test_a_queue_tells_what_it_holds(
    localstack: LocalStackProcess, api: PluginApi, unique: str, suffix: str
) -> None:
    sqs, name = localstack.client("sqs"), f"live-{unique}{suffix}"
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if suffix else {}
    url = sqs.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"]
    assert live.read(api, since=0.0).queues[name]["oldest_age_s"] is None
    for group in ("a", "b", "c"):
        sqs.send_message(QueueUrl=url, MessageBody=group, **({"MessageGroupId": group} if suffix else {}))
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)
    found = live.read(api, since=0.0).queues[name]
    assert (found["visible"], found["in_flight"], found["receives"]) == (2, 1, 1)
    assert found["oldest_age_s"] >= 0


def test_executions_are_counted_by_machine(
    localstack: LocalStackProcess, api: PluginApi, unique: str
) -> None:
    machines = Machines(localstack, unique)
    machine = machines.create({"Stop": {"Type": "Fail"}})
    machines.run(machine)
    expected = {"started": 1, "running": 0, "failed": 1}
    eventually(lambda: live.read(api, since=0.0).executions[machine] == expected)
