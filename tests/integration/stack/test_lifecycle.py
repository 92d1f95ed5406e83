"""A stack comes up whole, goes down whole, and two of them do not know of each other."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import asyncssh
import pytest

from harness.aws import client
from harness.deploy import PipelineOptions
from harness.engines import ports, process
from harness.engines.base import EngineInfo
from harness.engines.localstack import health
from harness.engines.localstack.host import LocalStackHost
from harness.exceptions import (
    AwsError,
    DeployError,
    EngineStartError,
    EnvironmentNotReadyError,
    PortInUseError,
)
from harness.stack import front_end, lifecycle
from harness.stack.description import StackDescription
from harness.stack.state import StackState
from tests.integration.stack.conftest import SMALL, wait_until

pytestmark = pytest.mark.integration

OWN_FOLDER = Path(__file__).parents[1] / "deploy" / "own_pipeline"
OWN = PipelineOptions(template=OWN_FOLDER / "template.yaml", handlers=OWN_FOLDER / "handlers")
"""It carries files as the pipeline does, with a fifth of its resources."""
assert SMALL.template is not None
SMALL_BODY = SMALL.template.read_text()


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
    answer = client("lambda", stack.engine).invoke(FunctionName=stack.functions["copy"], Payload="{}")
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
    first = lifecycle.up("first", pipeline=OWN, customers=1, progress=print)
    second = lifecycle.up("second", pipeline=OWN, customers=1, progress=print)
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
    lifecycle.up("demo", pipeline=SMALL, customers=1, progress=print)
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

    def wrong(_: object, state: StackState, *__: object) -> dict[str, str]:
        return {"host": "127.0.0.1", "ready_file": str(state.folder / "sftp.ready.json")}

    monkeypatch.setattr(front_end.FrontEnd, "_config", wrong)
    with pytest.raises(EngineStartError) as caught:
        lifecycle.up("demo", pipeline=SMALL, customers=1, progress=print)
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
        lifecycle.up("demo", pipeline=SMALL, customers=1, progress=print)
    assert "no such resource" in caught.value.message
    assert "Ready." in caught.value.message
    assert caught.value.hint == "mend it"
    assert_nothing_left("demo", home)


def assert_nothing_left(name: str, home: Path) -> None:
    assert not StackState(name).folder.exists()
    assert process.of_owner(home) == []


def test_engine_that_runs_already_gets_the_pipeline_and_loses_it_again(home: Path, tmp_path: Path) -> None:
    """What is somebody else's stays: a bucket, and a stack of the name that ours would have."""
    engine = LocalStackHost()
    try:
        info = engine.start(tmp_path / "elsewhere", print)
        client("s3", info).create_bucket(Bucket="theirs")
        up = partial(lifecycle.up, engine=info.endpoint_url, pipeline=OWN, customers=1, progress=print)
        stack = up("visitor")
        assert stack.engine.mode == "url"
        assert_takes_files(stack)
        assert lifecycle.down("visitor", print)
        assert_nothing_left("visitor", home)
        assert health.read(info.endpoint_url) is not None
        assert bucket_names(info) == {"theirs"}
        assert client("lambda", info).list_functions()["Functions"] == []

        taken = {"StackName": "floodgate-visitor", "TemplateBody": SMALL_BODY}
        client("cloudformation", info).create_stack(**taken)
        with pytest.raises(AwsError, match="already exists"):
            up("visitor")
        assert_nothing_left("visitor", home)
        wait_until(lambda: len(bucket_names(info)) == 3, "their stack, still there")
    finally:
        engine.stop()


def bucket_names(engine: EngineInfo) -> set[str]:
    return {bucket["Name"] for bucket in client("s3", engine).list_buckets()["Buckets"]}
