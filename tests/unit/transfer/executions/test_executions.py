"""Executions of workflows against a store of their own and AWS calls that are noted instead of made."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from harness.engines.base import EngineInfo
from harness.exceptions import AwsError
from harness.transfer.executions.errors import StepError
from harness.transfer.executions.execution import WorkflowExecution
from harness.transfer.executions.runner import WorkflowRunner
from harness.transfer.executions.services import Services
from harness.transfer.executions.steps import Context, Location, custom_event, run_step
from harness.transfer.executions.throttle import TokenBucket
from harness.transfer.executions.triggers import Trigger, TriggerReader
from harness.transfer.model import Server, StepState, Workflow
from harness.transfer.store import TransferStore

pytestmark = pytest.mark.unit

ENGINE = EngineInfo("fake", "host", "1", "http://127.0.0.1:1")
WORKFLOW_ID = "w-1234567890abcdef0"
SERVER = Server(ServerId="s-0123456789abcdef0", Arn="arn", LoggingRole="arn:aws:iam::1:role/logs")
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:step"
TRIGGER = Trigger(
    WORKFLOW_ID,
    "arn:aws:iam::1:role/workflow",
    "OnUpload",
    SERVER.ServerId,
    "mary",
    "9ca9a0e1cec6ad9d0000",
    "bucket",
    "mary/file",
    "etag",
    None,
)
FILE = Location("bucket", "mary/file", "etag")
CUSTOM = {
    "Type": "CUSTOM",
    "CustomStepDetails": {"Name": "check", "Target": FUNCTION, "TimeoutSeconds": 5},
}
TAG = {"Type": "TAG", "TagStepDetails": {"Name": "mark", "Tags": [{"Key": "k", "Value": "v"}]}}
DELETE = {"Type": "DELETE", "DeleteStepDetails": {"Name": "clean"}}


class Reporting(Services):
    """AWS calls are noted; the function answers at once."""

    def __init__(
        self, store: TransferStore, answer: str | None, errors: dict[str, str] | None = None
    ) -> None:
        super().__init__(ENGINE, store)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._answer = answer
        self._errors = errors or {}

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        self.calls.append((operation, arguments))
        if code := self._errors.get(operation):
            raise AwsError("refused", code=code)
        if operation == "invoke" and self._answer is not None:
            event = json.loads(arguments["Payload"])
            token, execution = event["token"], event["serviceMetadata"]["executionDetails"]["executionId"]
            state = {"WorkflowId": WORKFLOW_ID, "ExecutionId": execution, "Token": token}
            self.store.put_step_state(StepState.model_validate({**state, "Status": self._answer}))
        return {"CopyObjectResult": {"ETag": '"copied"'}} if operation == "copy_object" else {}

    def lines(self) -> list[dict[str, Any]]:
        events = [a["logEvents"][0] for operation, a in self.calls if operation == "put_log_events"]
        return [json.loads(event["message"]) for event in events]

    def named(self, operation: str) -> list[dict[str, Any]]:
        return [arguments for name, arguments in self.calls if name == operation]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TransferStore]:
    with TransferStore(tmp_path / "transfer.sqlite", writable=True) as opened:
        yield opened


def _workflow(store: TransferStore, *steps: dict[str, Any], on_exception: tuple[Any, ...] = ()) -> Workflow:
    workflow = Workflow(WorkflowId=WORKFLOW_ID, Arn="arn", Steps=steps, OnExceptionSteps=on_exception)
    store.put_workflow(workflow)
    return workflow


def test_the_event_of_a_custom_step_is_awss_sample_to_the_field() -> None:
    event = custom_event(Context(TRIGGER, "execution", FILE, FILE), FILE, "token")
    assert event == {
        "token": "token",
        "serviceMetadata": {
            "executionDetails": {"workflowId": WORKFLOW_ID, "executionId": "execution"},
            "transferDetails": {
                "sessionId": "9ca9a0e1cec6ad9d0000",
                "userName": "mary",
                "serverId": SERVER.ServerId,
            },
        },
        "fileLocation": {
            "domain": "S3",
            "bucket": "bucket",
            "key": "mary/file",
            "eTag": "etag",
            "versionId": None,
        },
    }


def test_a_run_without_errors(store: TransferStore) -> None:
    services = Reporting(store, "SUCCESS")
    execution = WorkflowExecution(TRIGGER, _workflow(store, CUSTOM, TAG), SERVER, services)
    assert execution.run()
    kept = store.execution(WORKFLOW_ID, execution.id)
    assert kept is not None
    assert kept.Status == "COMPLETED"
    steps = kept.Document["Results"]["Steps"]
    assert [step["StepType"] for step in steps] == ["CUSTOM", "TAG"]
    assert kept.Document["InitialFileLocation"] == {
        "S3FileLocation": {"Bucket": "bucket", "Key": "mary/file", "Etag": "etag"}
    }
    assert kept.Document["LoggingConfiguration"]["LogGroupName"] == f"/aws/transfer/{SERVER.ServerId}"
    lines = services.lines()
    assert [line["type"] for line in lines] == [
        "ExecutionStarted",
        "StepStarted",
        "StepCompleted",
        "StepStarted",
        "StepCompleted",
        "ExecutionCompleted",
    ]
    assert lines[1] == {
        "type": "StepStarted",
        "details": {
            "input": {
                "fileLocation": {
                    "backingStore": "S3",
                    "bucket": "bucket",
                    "key": "mary/file",
                    "etag": "etag",
                }
            },
            "stepType": "CUSTOM",
            "stepName": "check",
        },
        "workflowId": WORKFLOW_ID,
        "executionId": execution.id,
        "transferDetails": {
            "serverId": SERVER.ServerId,
            "username": "mary",
            "sessionId": "9ca9a0e1cec6ad9d0000",
        },
    }
    streams = {call["logStreamName"] for call in services.named("put_log_events")}
    (stream,) = streams
    assert stream.startswith(f"mary.{WORKFLOW_ID}.")


def test_a_failed_step_ends_the_run_and_the_steps_for_exceptions_are_run(store: TransferStore) -> None:
    services = Reporting(store, "FAILURE")
    workflow = _workflow(store, CUSTOM, TAG, on_exception=(DELETE,))
    execution = WorkflowExecution(TRIGGER, workflow, SERVER, services)
    assert not execution.run()
    kept = store.execution(WORKFLOW_ID, execution.id)
    assert kept is not None
    assert kept.Status == "EXCEPTION"
    assert kept.Document["Results"] == {
        "Steps": [
            {
                "StepType": "CUSTOM",
                "Error": {"Type": "CUSTOM_STEP_FAILED", "Message": "The custom step reported FAILURE"},
            }
        ],
        "OnExceptionSteps": [{"StepType": "DELETE", "Outputs": "{}"}],
    }
    assert services.named("put_object_tagging") == []
    assert services.named("delete_object") == [{"Bucket": "bucket", "Key": "mary/file"}]
    errors = [
        (line["type"], line["details"]) for line in services.lines() if line["type"].endswith("Errored")
    ]
    assert errors == [
        (
            "StepErrored",
            {
                "errorType": "CUSTOM_STEP_FAILED",
                "errorMessage": "The custom step reported FAILURE",
                "stepType": "CUSTOM",
                "stepName": "check",
            },
        ),
        ("ExecutionErrored", {}),
    ]


def test_an_execution_that_is_throttled_has_run_nothing(store: TransferStore) -> None:
    services = Reporting(store, "SUCCESS")
    execution = WorkflowExecution(TRIGGER, _workflow(store, CUSTOM), SERVER, services)
    execution.refuse(StepError("THROTTLED", "too many"))
    kept = store.execution(WORKFLOW_ID, execution.id)
    assert kept is not None
    assert kept.Status == "EXCEPTION"
    assert kept.Document["Results"]["Steps"][0]["Error"] == {"Type": "THROTTLED", "Message": "too many"}
    assert services.named("invoke") == []
    assert [line["type"] for line in services.lines()] == ["ExecutionThrottled"]


def test_a_log_group_that_is_not_there_stops_nothing(store: TransferStore) -> None:
    services = Reporting(store, "SUCCESS", {"create_log_stream": "ResourceNotFoundException"})
    assert WorkflowExecution(TRIGGER, _workflow(store, CUSTOM), SERVER, services).run()
    assert services.named("put_log_events") == []


class Silent(Reporting):
    """The function never reports, and the runner is being stopped."""

    def __init__(self, store: TransferStore) -> None:
        super().__init__(store, None)
        self.stopping.set()


@pytest.mark.parametrize(
    ("step", "errors", "kind"),
    [
        (CUSTOM, {"invoke": "ResourceNotFoundException"}, "NOT_FOUND"),
        (CUSTOM, {"invoke": "AccessDeniedException"}, "PERMISSION_DENIED"),
        (TAG, {"put_object_tagging": "NoSuchKey"}, "NOT_FOUND"),
        (DELETE, {"delete_object": "InternalError"}, "INTERNAL_SERVER_ERROR"),
        ({"Type": "DECRYPT", "DecryptStepDetails": {}}, {}, "BAD_REQUEST"),
        (
            {"Type": "TAG", "TagStepDetails": {"Tags": [], "SourceFileLocation": "${other}"}},
            {},
            "BAD_REQUEST",
        ),
    ],
)
def test_why_a_step_fails(store: TransferStore, step: dict[str, Any], errors: Any, kind: str) -> None:
    services = Reporting(store, "SUCCESS", errors)
    with pytest.raises(StepError) as caught:
        run_step(step, Context(TRIGGER, "execution", FILE, FILE), services)
    assert caught.value.kind == kind


def test_a_function_that_never_reports(store: TransferStore) -> None:
    with pytest.raises(StepError, match="did not report") as caught:
        run_step(CUSTOM, Context(TRIGGER, "execution", FILE, FILE), Silent(store))
    assert caught.value.kind == "TIMEOUT"


def _copy(**details: Any) -> dict[str, Any]:
    where = {"S3FileLocation": {"Bucket": "archive", "Key": "${transfer:UserName}/"}}
    return {"Type": "COPY", "CopyStepDetails": {"DestinationFileLocation": where, **details}}


def test_a_copy_is_what_the_next_step_gets(store: TransferStore) -> None:
    services = Reporting(store, None, {"head_object": "404"})
    after = run_step(_copy(), Context(TRIGGER, "execution", FILE, FILE), services)
    assert after.previous == Location("archive", "mary/file", "copied")
    assert after.original == FILE


def test_a_copy_overwrites_only_when_told_to(store: TransferStore) -> None:
    context = Context(TRIGGER, "execution", FILE, FILE)
    with pytest.raises(StepError) as caught:
        run_step(_copy(), context, Reporting(store, None))
    assert caught.value.kind == "ALREADY_EXISTS"
    run_step(_copy(OverwriteExisting="TRUE"), context, Reporting(store, None))


def test_a_burst_of_100_then_one_per_second() -> None:
    now = [0.0]
    bucket = TokenBucket(now=lambda: now[0])
    assert sum(bucket.take() for _ in range(150)) == 100
    now[0] = 3.5
    assert sum(bucket.take() for _ in range(10)) == 3
    now[0] = 1_000.0
    assert sum(bucket.take() for _ in range(150)) == 100


def test_triggers_are_read_once_and_whole(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "triggers.jsonl"
    reader = TriggerReader(path)
    line = json.dumps(asdict(TRIGGER))
    with path.open("a") as file:
        file.write(f"{line}\nnonsense\n{line[:20]}")
    assert list(reader.new()) == [TRIGGER]
    assert "not a workflow trigger" in caplog.text
    with path.open("a") as file:
        file.write(f"{line[20:]}\n")
    assert list(reader.new()) == [TRIGGER]
    assert list(reader.new()) == []


def _counts(services: Reporting) -> dict[str, float]:
    data = [datum for call in services.named("put_metric_data") for datum in call["MetricData"]]
    assert {datum["Dimensions"][0]["Value"] for datum in data} == {SERVER.ServerId}
    return {datum["MetricName"]: datum["Value"] for datum in data}


def test_the_runner_runs_what_workers_ask_for_and_counts_it(store: TransferStore, tmp_path: Path) -> None:
    store.put_server(SERVER)
    _workflow(store, TAG)
    services = Reporting(store, None)
    path = tmp_path / "triggers.jsonl"
    partial = {**asdict(TRIGGER), "kind": "OnPartialUpload"}
    path.write_text(f"{json.dumps(asdict(TRIGGER))}\n{json.dumps(asdict(TRIGGER))}\n{json.dumps(partial)}\n")
    runner = WorkflowRunner(services, path, bucket=TokenBucket(burst=2, refill_per_s=0))
    runner.start()
    deadline = time.monotonic() + 30
    while sum(kept.Status in ("COMPLETED", "EXCEPTION") for kept in store.executions(WORKFLOW_ID)) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    runner.stop()
    assert _counts(services) == {
        "OnUploadExecutionsStarted": 2,
        "OnUploadExecutionsSuccess": 2,
        "OnPartialUploadExecutionsStarted": 1,
        "OnPartialUploadExecutionsFailed": 1,
    }


def test_a_workflow_that_has_gone_is_told(
    store: TransferStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "triggers.jsonl"
    path.write_text(json.dumps(asdict(TRIGGER)) + "\n")
    runner = WorkflowRunner(Reporting(store, None), path)
    runner.start()
    deadline = time.monotonic() + 30
    while "cannot be run" not in caplog.text:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    runner.stop()


class Slow(Reporting):
    """The function answers when `answer` is set."""

    def __init__(self, store: TransferStore) -> None:
        super().__init__(store, "SUCCESS")
        self.invoked, self.answer = threading.Event(), threading.Event()

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        if operation == "invoke":
            self.invoked.set()
            assert self.answer.wait(30)
        return super().call(service, operation, **arguments)


def test_what_was_asked_for_before_the_end_is_run(store: TransferStore, tmp_path: Path) -> None:
    """The last uploads end when everything stops, and so do their workflows."""
    store.put_server(SERVER)
    _workflow(store, CUSTOM, TAG)
    path = tmp_path / "triggers.jsonl"
    services = Slow(store)
    runner = WorkflowRunner(services, path)
    runner.start()
    path.write_text(json.dumps(asdict(TRIGGER)) + "\n")
    stopping = threading.Thread(target=runner.stop, kwargs={"grace_s": 30.0})
    stopping.start()
    assert services.invoked.wait(30)
    services.answer.set()
    stopping.join(30)
    assert [kept.Status for kept in store.executions(WORKFLOW_ID)] == ["COMPLETED"]


def test_a_function_that_does_not_report_before_the_end_is_not_waited_for(
    store: TransferStore, tmp_path: Path
) -> None:
    store.put_server(SERVER)
    _workflow(store, CUSTOM)
    path = tmp_path / "triggers.jsonl"
    path.write_text(json.dumps(asdict(TRIGGER)) + "\n")
    runner = WorkflowRunner(Reporting(store, None), path)
    runner.start()
    runner.stop(grace_s=0.0)
    (kept,) = store.executions(WORKFLOW_ID)
    assert kept.Document["Results"]["Steps"][0]["Error"]["Type"] == "TIMEOUT"
