"""Executions: listed in bounds, and matched with files by name, claim or input."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.measure import executions
from harness.measure.executions import Execution, ExecutionReader, parse_input
from harness.measure.holding import Executions
from harness.measure.queues import QueueMessage
from tests.unit.measure.builders import T0

pytestmark = pytest.mark.unit

EVENT = {"detail": {"object": {"key": "a/b.csv", "version-id": "v1"}}}


class Machines:
    """Step Functions with executions that were started one second after the other; the last is the newest."""

    def __init__(self, **statuses: list[str]) -> None:
        self.executions = {
            f"arn:{machine}": [
                {
                    "executionArn": f"arn:{machine}:{number}",
                    "name": f"{machine}-{number}",
                    "status": status,
                    "startDate": datetime.fromtimestamp(T0 + number, UTC),
                }
                for number, status in enumerate(found)
            ]
            for machine, found in statuses.items()
        }
        self.asked: list[dict[str, Any]] = []
        self.described: list[str] = []

    def list_executions(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        found = [
            item
            for item in reversed(self.executions[request["stateMachineArn"]])
            if request.get("statusFilter") in (None, item["status"])
        ]
        start = int(request.get("nextToken", 0))
        end = start + request["maxResults"]
        more = {"nextToken": str(end)} if end < len(found) else {}
        return {"executions": found[start:end], **more}

    def describe_execution(self, **request: Any) -> dict[str, Any]:
        arn = request["executionArn"]
        self.described.append(arn)
        machine, _, number = arn.rpartition(":")
        status = self.executions[machine][int(number)]["status"]
        return {"status": status, "input": json.dumps(EVENT), "error": "Boom", "cause": "it broke"}


class ExpressOnly(Machines):
    """Express machines have no list of executions."""

    def list_executions(self, **request: Any) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "StateMachineTypeNotSupported"}}, "ListExecutions")


def reader(machines: Machines) -> ExecutionReader:
    return ExecutionReader(machines, {arn.partition(":")[2]: arn for arn in machines.executions})


def test_what_runs_and_what_failed_is_described_and_all_is_counted() -> None:
    machines = Machines(parent=["SUCCEEDED", "FAILED", "RUNNING", "SUCCEEDED"], child=["FAILED"])
    view = reader(machines).view(since=T0)
    assert view.counts == {"parent": {"SUCCEEDED": 2, "FAILED": 1, "RUNNING": 1}, "child": {"FAILED": 1}}
    assert [(each.name, each.error) for each in view.executions] == [
        ("parent-1", "Boom"),
        ("parent-2", "Boom"),
    ]
    assert view.executions[0].about == QueueMessage("a/b.csv", "v1")
    assert not view.cut_off


def test_a_childs_failure_is_its_parents() -> None:
    assert reader(Machines(child=["FAILED", "RUNNING"])).view(since=T0).executions == ()


def test_earlier_runs_do_not_count() -> None:
    machines = Machines(parent=["RUNNING", "FAILED", "SUCCEEDED"])
    assert reader(machines).view(since=T0 + 2).counts == {"parent": {"SUCCEEDED": 1}}
    assert reader(machines).any_running(since=T0)
    assert not reader(machines).any_running(since=T0 + 1)
    assert all(request["maxResults"] == 1 for request in machines.asked if "statusFilter" in request)


def test_listing_goes_over_pages_and_stops_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executions, "PAGE_SIZE", 2)
    monkeypatch.setattr(executions, "MAX_PAGES", 3)
    few, many = reader(Machines(parent=["SUCCEEDED"] * 5)), reader(Machines(parent=["SUCCEEDED"] * 9))
    assert few.view(since=0).counts == {"parent": {"SUCCEEDED": 5}}
    assert not few.view(since=0).cut_off
    assert many.view(since=0).counts == {"parent": {"SUCCEEDED": 6}}
    assert many.view(since=0).cut_off


def test_descriptions_are_bounded_and_failures_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executions, "MAX_DESCRIBED", 2)
    machines = Machines(parent=["FAILED", "RUNNING", "RUNNING", "TIMED_OUT"])
    view = reader(machines).view(since=0)
    assert machines.described == ["arn:parent:3", "arn:parent:0"]
    assert len(view.executions) == 4
    assert view.cut_off, "nobody looked at what the others are about"


def test_express_machines_list_nothing() -> None:
    view = reader(ExpressOnly(transfer_file=["RUNNING"])).view(since=0)
    assert (view.counts, view.executions) == ({"transfer_file": {}}, ())
    assert not reader(ExpressOnly(transfer_file=["RUNNING"])).any_running(since=0)


@pytest.mark.parametrize(
    ("text", "about"),
    [
        (json.dumps(EVENT), QueueMessage("a/b.csv", "v1")),
        (json.dumps([{"file_id": "f", "event": EVENT}]), QueueMessage("a/b.csv", "v1")),
        (json.dumps({"source_bucket": "s", "destination_bucket": "d", "key": "k"}), QueueMessage("k")),
        ("{}", QueueMessage()),
        ("no json", QueueMessage()),
        ("[]", QueueMessage()),
    ],
)
def test_an_input_tells_which_object_it_is_about(text: str, about: QueueMessage) -> None:
    assert parse_input(text) == about


def test_the_execution_that_runs_goes_before_one_that_failed() -> None:
    failed = Execution("arn:1", "f", "FAILED", QueueMessage("k", "v"))
    running = Execution("arn:2", "other", "RUNNING", QueueMessage("k", "v"))
    assert Executions([running, failed]).find(None, "v", "k") is running
    assert Executions([failed]).find("f", None, "k") is failed
    assert Executions([running]).find(None, "v2", "k") is None, "another upload of the same key"
