"""A stack comes up whole, goes down whole, and two of them do not know of each other."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncssh
import pytest

from harness.aws import client
from harness.deploy import Deployment
from harness.engines import ports, process
from harness.engines.base import EngineInfo
from harness.engines.localstack import health
from harness.engines.localstack.host import LocalStackHost
from harness.exceptions import DeployError, EngineStartError, EnvironmentNotReadyError, PortInUseError
from harness.stack import front_end, lifecycle
from harness.stack.description import StackDescription
from harness.stack.state import StackState
from tests.integration.stack.conftest import wait_until

pytestmark = pytest.mark.integration


def ports_of(stack: StackDescription) -> list[int]:
    return [stack.sftp.port, int(stack.engine.endpoint_url.rpartition(":")[2])]


async def _upload(stack: StackDescription, path: str, content: bytes) -> None:
    user = stack.users[0]
    async with (
        asyncssh.connect(
            stack.sftp.host,
            stack.sftp.port,
            username=user.name,
            client_keys=[user.private_key_file],
            known_hosts=None,
        ) as connection,
        connection.start_sftp_client() as sftp,
        sftp.open(path, "wb") as handle,
    ):
        await handle.write(content)


def delivered(stack: StackDescription, key: str) -> bool:
    listed = client("s3", stack.engine).list_objects_v2(Bucket=stack.buckets["destination"], Prefix=key)
    return bool(listed.get("KeyCount"))


def assert_takes_files(stack: StackDescription) -> None:
    """A put through SFTP, with the event, the queue and the function behind it, comes out at the end."""
    name = f"{uuid.uuid4()}.csv"
    asyncio.run(_upload(stack, name, b"a,b\n1,2\n"))
    key = f"{stack.users[0].name}/{name}"
    wait_until(lambda: delivered(stack, key), f"{key} in {stack.buckets['destination']}")


def assert_takes_invocations(stack: StackDescription) -> None:
    answer = client("lambda", stack.engine).invoke(
        FunctionName=stack.functions["worker"], Payload=json.dumps({"Records": []})
    )
    assert answer["StatusCode"] == 200


def assert_takes_metrics(stack: StackDescription) -> None:
    cloudwatch = client("cloudwatch", stack.engine)
    now = datetime.now(UTC)
    cloudwatch.put_metric_data(
        Namespace="Floodgate/Test", MetricData=[{"MetricName": "files", "Value": 7.0, "Timestamp": now}]
    )
    found = cloudwatch.get_metric_statistics(
        Namespace="Floodgate/Test",
        MetricName="files",
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=60,
        Statistics=["Sum"],
    )
    assert [point["Sum"] for point in found["Datapoints"]] == [7.0]


def test_up_describe_down(home: Path) -> None:
    told: list[str] = []
    stack = lifecycle.up("demo", customers=3, progress=told.append)
    state = StackState("demo")

    assert lifecycle.describe("demo") == stack
    assert lifecycle.is_alive("demo") == []
    assert [user.name for user in stack.users] == ["customer-0001", "customer-0002", "customer-0003"]
    assert stat.S_IMODE(Path(stack.users[0].private_key_file).stat().st_mode) == 0o600
    assert stack.sftp.host_key_fingerprint.startswith("SHA256:")
    assert stack.table == "FileTransferMetadata"
    assert any("LocalStack: starting" in line for line in told)
    assert_takes_files(stack)

    with pytest.raises(EnvironmentNotReadyError, match="already up") as caught:
        lifecycle.up("demo", progress=print)
    assert "floodgate down --name demo" in str(caught.value.hint)
    assert lifecycle.is_alive("demo") == []

    assert lifecycle.down("demo", print)
    assert list((home / "stacks").iterdir()) == []
    assert process.of_owner(state.folder) == []
    assert all(ports.is_free(port) for port in ports_of(stack))
    assert lifecycle.describe("demo") is None
    assert not lifecycle.down("demo", print)


def test_stopping_one_stack_leaves_the_other_at_work(home: Path) -> None:
    first = lifecycle.up("first", customers=1, progress=print)
    second = lifecycle.up("second", customers=1, progress=print)
    assert_takes_files(first)
    assert_takes_files(second)
    assert set(ports_of(first)).isdisjoint(ports_of(second))
    assert second.buckets["source"] not in bucket_names(first.engine)

    lifecycle.down("first", print)

    assert lifecycle.is_alive("second") == []
    assert_takes_files(second)
    assert_takes_invocations(second)
    assert_takes_metrics(second)


def test_dead_part_is_named(home: Path) -> None:
    lifecycle.up("demo", customers=1, progress=print)
    (sftp,) = (record for record in StackState("demo").processes.read() if record.role == "sftp")
    os.kill(sftp.pid, signal.SIGKILL)
    wait_until(lambda: lifecycle.is_alive("demo") == ["sftp"], "the dead SFTP server noticed")


def test_taken_port_of_the_engine_is_refused_and_nothing_stays(home: Path) -> None:
    with socket.create_server((ports.HOST, 0)) as server:
        taken = server.getsockname()[1]
        with pytest.raises(PortInUseError, match=str(taken)):
            lifecycle.up("demo", port=taken, progress=print)
    assert not StackState("demo").folder.exists()


def test_sftp_server_that_does_not_start_takes_all_down_and_shows_its_log(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last step fails: engine and pipeline, which are up, go as well."""
    monkeypatch.setattr(front_end.FrontEnd, "_config", lambda *_: {"host": "127.0.0.1"})
    with pytest.raises(EngineStartError) as caught:
        lifecycle.up("demo", customers=1, progress=print)
    assert "the SFTP server ended with 2" in caught.value.message
    assert "error:" in caught.value.message
    assert_nothing_left("demo", home)


def test_pipeline_that_cannot_be_deployed_shows_the_engines_log(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_args: object, **_kwargs: object) -> None:
        raise DeployError("no such resource", hint="mend it")

    monkeypatch.setattr(lifecycle, "deploy", refused)
    with pytest.raises(DeployError) as caught:
        lifecycle.up("demo", customers=1, progress=print)
    assert "no such resource" in caught.value.message
    assert "Ready." in caught.value.message
    assert caught.value.hint == "mend it"
    assert_nothing_left("demo", home)


def assert_nothing_left(name: str, home: Path) -> None:
    assert not StackState(name).folder.exists()
    assert process.of_owner(home) == []


def deploy_one_bucket(
    engine: EngineInfo, _capabilities: object, *, stack_name: str, **_: object
) -> Deployment:
    """Stands in for the pipeline, most of which CloudFormation is told to retain."""
    cloudformation = client("cloudformation", engine)
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "guest"}}}}
    cloudformation.create_stack(StackName=stack_name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack_name, WaiterConfig={"Delay": 1})
    return Deployment("guest", "guest", "table", queues={}, functions={})


def test_engine_that_runs_already_gets_the_pipeline_and_loses_it_again(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "deploy", deploy_one_bucket)
    engine = LocalStackHost()
    try:
        info = engine.start(tmp_path / "elsewhere", print)
        stack = lifecycle.up("visitor", engine=info.endpoint_url, customers=1, progress=print)
        assert stack.engine.mode == "url"
        assert bucket_names(info) == {"guest"}
        lifecycle.down("visitor", print)
        assert_nothing_left("visitor", home)
        assert health.read(info.endpoint_url) is not None
        wait_until(lambda: bucket_names(info) == set(), "the pipeline deleted")
    finally:
        engine.stop()


def bucket_names(engine: EngineInfo) -> set[str]:
    return {bucket["Name"] for bucket in client("s3", engine).list_buckets()["Buckets"]}
