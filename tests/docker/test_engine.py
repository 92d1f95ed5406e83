"""`--engine localstack:docker`: a stack that is kept, and what its container is like."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest

from harness.engines.docker import labels
from harness.pytest_plugin.delivery import Waiter
from tests.docker.stack_in_docker import StackInDocker

pytestmark = pytest.mark.docker


def test_a_file_put_by_sftp_is_delivered(kept: StackInDocker) -> None:
    with kept.sftp() as client:
        key = client.put("incoming/report.csv", b"id,amount\n1,10\n")
    assert Waiter(kept.stack)(key).read() == b"id,amount\n1,10\n"


def test_the_stack_says_what_it_runs_on(kept: StackInDocker) -> None:
    engine = kept.description.engine
    assert (engine.name, engine.mode, engine.label) == ("localstack", "docker", "localstack:docker")
    assert engine.version.startswith("4.")


def test_queue_addresses_are_right_inside_and_outside(kept: StackInDocker) -> None:
    url = kept.description.queues["work"]
    assert url.startswith(kept.description.engine.endpoint_url)
    asked = kept.stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    assert asked["Attributes"]["QueueArn"].endswith(url.rpartition("/")[2])


def test_the_container_is_labelled_and_may_do_little(kept: StackInDocker) -> None:
    container = kept.container
    assert container.labels[labels.STACK] == "kept"
    assert container.labels[labels.HOME] == str(kept.folder)
    assert container.labels[labels.OWNER] == ""
    host = container.attrs["HostConfig"]
    assert container.attrs["Config"]["User"] == "10001:10001"
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert not host["Privileged"]


def test_no_docker_socket_and_no_folder_of_this_machine_is_mounted(kept: StackInDocker) -> None:
    assert [mount for mount in kept.container.attrs["Mounts"] if mount["Type"] == "bind"] == []


def test_it_listens_on_this_machine_alone(kept: StackInDocker) -> None:
    (bindings,) = [each for each in kept.container.ports.values() if each]
    port = kept.description.engine.endpoint_url.rpartition(":")[2]
    assert bindings == [{"HostIp": "127.0.0.1", "HostPort": port}]


def test_a_run_on_it_tells_what_engine_and_functions_used(kept: StackInDocker, tmp_path: Path) -> None:
    report = tmp_path / "report"
    done = kept.command.run("run", "smoke", "--name", "kept", "--out", str(report))
    assert done.code == 0, done.err
    summary = json.loads((report / "summary.json").read_text())
    assert (summary["engine"]["name"], summary["engine"]["mode"]) == ("localstack", "docker")
    for role in ("engine", "functions"):
        used = summary["resources"][role]
        assert 0 < used["cpu_s"] < 600
        assert 20 < used["rss_max_mib"] < psutil.virtual_memory().total / 2**20
    assert "Ready." in (report / "engine.log").read_text()


def test_another_engine_than_the_one_that_is_up_is_refused(kept: StackInDocker) -> None:
    refused = kept.command.run("run", "smoke", "--name", "kept", "--engine", "localstack")
    assert refused.code == 2
    assert "localstack:docker" in refused.err


def test_functions_run_in_the_container_and_not_on_this_machine(kept: StackInDocker) -> None:
    shown = [" ".join(row) for row in kept.container.top()["Processes"]]
    assert any("awslambdaric" in row for row in shown)
