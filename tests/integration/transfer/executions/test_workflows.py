"""A workflow from the upload over SFTP to the answer of its function, with all processes real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import paramiko
import psutil
import pytest

from harness import aws
from harness.engines.base import EngineInfo
from tests.integration.engine_plugin.lambdas import create_function
from tests.integration.sftp.front_end import PROJECT, until, write_key

pytestmark = pytest.mark.integration

ROLE = "arn:aws:iam::000000000000:role/transfer"
USER = "mary"
FUNCTION = """
    import os
    import boto3

    transfer = boto3.client("transfer", endpoint_url=os.environ["TRANSFER_URL"])
    s3 = boto3.client("s3")

    def handler(event, context):
        file = event["fileLocation"]
        body = s3.get_object(Bucket=file["bucket"], Key=file["key"])["Body"].read()
        details = event["serviceMetadata"]["executionDetails"]
        transfer.send_workflow_step_state(
            WorkflowId=details["workflowId"],
            ExecutionId=details["executionId"],
            Token=event["token"],
            Status="FAILURE" if body == b"bad" else "SUCCESS",
        )
"""


@dataclass(frozen=True)
class Stack:
    """The Transfer process with one server, its workflow and its user."""

    transfer: Any
    server_id: str
    workflow_id: str
    port: int
    key_file: Path
    bucket: str

    def upload(self, name: str, content: bytes) -> None:
        with self.sftp() as client, client.open(name, "wb") as file:
            file.write(content)

    @contextmanager
    def sftp(self) -> Iterator[paramiko.SFTPClient]:
        transport = paramiko.Transport(("127.0.0.1", self.port))
        try:
            transport.connect(
                username=USER, pkey=paramiko.Ed25519Key.from_private_key_file(str(self.key_file))
            )
            client = paramiko.SFTPClient.from_transport(transport)
            assert client is not None
            yield client
        finally:
            transport.close()


@pytest.fixture(scope="module")
def bucket(localstack: EngineInfo) -> str:
    aws.client("s3", localstack).create_bucket(Bucket="workflows")
    aws.client("logs", localstack).create_log_group(logGroupName="workflows")
    return "workflows"


@pytest.fixture(scope="module")
def ready_file(localstack: EngineInfo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run the process; yield the file that tells what listens where."""
    folder = tmp_path_factory.mktemp("transfer")
    config = {
        "engine": localstack.to_json(),
        "store_file": str(folder / "transfer.sqlite"),
        "work_dir": str(folder / "workers"),
        "ready_file": str(folder / "ready.json"),
        "drain_timeout_s": 30,
        "worker": {"uploads_file": str(folder / "uploads.jsonl"), "authorisation": "mapped"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "harness.transfer", str(folder / "config.json")],
            cwd=PROJECT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until("the API answers", (folder / "ready.json").exists)
        yield folder / "ready.json"
        process.terminate()
        assert process.wait(30) == 0, (folder / "log").read_text()
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def stack(localstack: EngineInfo, bucket: str, ready_file: Path, tmp_path_factory: Any) -> Stack:
    url = json.loads(ready_file.read_text())["api"]
    transfer = aws.client("transfer", localstack, endpoint_url=url)
    function = create_function(
        aws.client("lambda", localstack),
        "workflow-step",
        FUNCTION,
        Environment={"Variables": {"TRANSFER_URL": url}},
    )
    mark = {"Name": "mark", "Tags": [{"Key": "checked", "Value": "yes"}]}
    workflow_id = transfer.create_workflow(
        Steps=[
            {
                "Type": "CUSTOM",
                "CustomStepDetails": {"Name": "check", "Target": function, "TimeoutSeconds": 30},
            },
            {"Type": "TAG", "TagStepDetails": mark},
        ],
        OnExceptionSteps=[{"Type": "DELETE", "DeleteStepDetails": {"Name": "clean"}}],
    )["WorkflowId"]
    trigger = {"WorkflowId": workflow_id, "ExecutionRole": ROLE}
    server_id = transfer.create_server(
        StructuredLogDestinations=["arn:aws:logs:us-east-1:000000000000:log-group:workflows:*"],
        WorkflowDetails={kind: [trigger] for kind in ("OnUpload", "OnPartialUpload")},
    )["ServerId"]
    key_file = tmp_path_factory.mktemp("keys") / "mary.key"
    write_key(key_file)
    transfer.create_user(
        ServerId=server_id,
        UserName=USER,
        Role=ROLE,
        HomeDirectoryType="LOGICAL",
        HomeDirectoryMappings=[{"Entry": "/", "Target": f"/{bucket}/{USER}"}],
        SshPublicKeyBody=asyncssh.read_private_key(key_file).export_public_key().decode(),
    )
    endpoint = until(
        "the server listens", lambda: json.loads(ready_file.read_text())["servers"].get(server_id)
    )
    return Stack(transfer, server_id, workflow_id, endpoint["port"], key_file, bucket)


def _log_of(localstack: EngineInfo, stack: Stack, key: str) -> list[dict[str, Any]]:
    """Return the lines of the execution for one file, when it has ended."""
    logs = aws.client("logs", localstack)

    def ended() -> list[dict[str, Any]]:
        prefix = f"{USER}.{stack.workflow_id}."
        answer = logs.filter_log_events(logGroupName="workflows", logStreamNamePrefix=prefix)
        lines = [json.loads(event["message"]) for event in answer["events"]]
        ids = {line["executionId"] for line in lines if f"{USER}/{key}" in json.dumps(line["details"])}
        mine = [line for line in lines if line["executionId"] in ids]
        return mine if mine and mine[-1]["type"] in ("ExecutionCompleted", "ExecutionErrored") else []

    lines: list[dict[str, Any]] = until(f"the execution for {key} ends", ended)
    return lines


def test_the_function_is_called_and_its_answer_ends_the_step(stack: Stack, localstack: EngineInfo) -> None:
    stack.upload("good", b"good")
    lines = _log_of(localstack, stack, "good")
    steps = ["StepStarted", "StepCompleted"]
    assert [line["type"] for line in lines] == ["ExecutionStarted", *steps, *steps, "ExecutionCompleted"]
    described = stack.transfer.describe_execution(
        WorkflowId=stack.workflow_id, ExecutionId=lines[0]["executionId"]
    )["Execution"]
    assert described["Status"] == "COMPLETED"
    assert [step["StepType"] for step in described["Results"]["Steps"]] == ["CUSTOM", "TAG"]
    assert described["ServiceMetadata"]["UserDetails"]["UserName"] == USER
    tags = aws.client("s3", localstack).get_object_tagging(Bucket=stack.bucket, Key=f"{USER}/good")
    assert tags["TagSet"] == [{"Key": "checked", "Value": "yes"}]


def test_an_answer_of_failure_runs_the_steps_for_exceptions(stack: Stack, localstack: EngineInfo) -> None:
    stack.upload("bad", b"bad")
    lines = _log_of(localstack, stack, "bad")
    described = stack.transfer.describe_execution(
        WorkflowId=stack.workflow_id, ExecutionId=lines[0]["executionId"]
    )["Execution"]
    assert described["Status"] == "EXCEPTION"
    assert described["Results"]["Steps"][0]["Error"]["Type"] == "CUSTOM_STEP_FAILED"
    assert [step["StepType"] for step in described["Results"]["OnExceptionSteps"]] == ["DELETE"]
    keys = aws.client("s3", localstack).list_objects_v2(Bucket=stack.bucket, Prefix=f"{USER}/bad")
    assert keys["KeyCount"] == 0


def test_the_end_of_the_process_runs_the_workflow_of_what_it_cuts_off(
    stack: Stack, localstack: EngineInfo, ready_file: Path
) -> None:
    """Comes last: the fixture waits for the process."""
    process = psutil.Process(json.loads(ready_file.read_text())["pid"])
    with stack.sftp() as client:
        file = client.open("cut", "wb")
        file.write(b"the first part")
        file.flush()
        os.kill(process.pid, signal.SIGTERM)
        until("no new upload is taken", lambda: _is_refused(client))
    until("the process has ended", lambda: process.status() == psutil.STATUS_ZOMBIE)
    tags = aws.client("s3", localstack).get_object_tagging(Bucket=stack.bucket, Key=f"{USER}/cut")
    assert tags["TagSet"] == [{"Key": "checked", "Value": "yes"}]


def _is_refused(client: paramiko.SFTPClient) -> bool:
    try:
        client.open("too-late", "w").close()
    except OSError as exc:
        return "stopping" in str(exc)
    return False
