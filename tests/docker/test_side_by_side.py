"""One stack on each kind of engine, at the same time on one machine: none knows of the others."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.engines.records import ProcessTable
from harness.pytest_plugin.delivery import Waiter
from harness.pytest_plugin.sftp_client import SftpClient
from harness.pytest_plugin.stack import Stack
from harness.stack.description import StackDescription
from tests.docker.stack_in_docker import StackInDocker
from tests.e2e.floodgate import Floodgate

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]  # three stacks on two cores

DYING = "ministack"
OTHERS = ("localstack", DYING)


@pytest.fixture(scope="module")
def stacks(kept: StackInDocker) -> Iterator[dict[str, StackDescription]]:
    """Stacks by their engines, brought up at the same moment beside the one in a container."""
    command = kept.command
    starting = {
        engine: command.start("up", "--name", f"on-{engine}", "--engine", engine, "--customers", "1")
        for engine in OTHERS
    }
    try:
        for engine, each in starting.items():
            done = each.finish()
            assert done.code == 0, f"{engine}: {done.err}"
        described = {engine: command.status(f"on-{engine}") for engine in OTHERS}
        yield {
            "localstack:docker": kept.description,
            **{engine: StackDescription.from_json(told) for engine, told in described.items()},
        }
    finally:
        for engine in OTHERS:
            command.run("down", "--name", f"on-{engine}")


def assert_delivers(stack: StackDescription, content: bytes) -> None:
    with SftpClient(stack.sftp, stack.users[0], stack.buckets["source"]) as client:
        key = client.put("side/by-side.csv", content)
    assert Waiter(Stack(stack))(key).read() == content


def kill_engine(command: Floodgate, name: str) -> None:
    (engine,) = (record for record in ProcessTable(command.stacks / name).read() if record.role == "engine")
    os.kill(engine.pid, signal.SIGKILL)


def test_each_engine_has_its_own_ports_and_files(stacks: dict[str, StackDescription]) -> None:
    assert {stack.engine.label for stack in stacks.values()} == set(stacks)
    addresses = [stack.engine.endpoint_url for stack in stacks.values()]
    ports = [stack.sftp.port for stack in stacks.values()]
    assert len({*addresses, *ports}) == 2 * len(stacks)
    for number, stack in enumerate(stacks.values()):
        assert_delivers(stack, f"id\n{number}\n".encode())


def test_an_engine_that_dies_takes_no_other_stack_along(
    stacks: dict[str, StackDescription], kept: StackInDocker
) -> None:
    """Its own stack is told as broken, is cleared by `down`, and the name is free again."""
    command, name = kept.command, f"on-{DYING}"
    kill_engine(command, name)
    status = command.run("status", "--name", name)
    assert status.code == 3
    assert "engine no longer runs" in status.err
    looked = command.run("doctor", "--engine", "localstack")
    assert f"the stack '{name}' is broken: engine no longer runs" in looked.out
    assert command.run("down", "--name", name).code == 0
    assert not Path(command.stacks / name).exists()
    for engine in stacks.keys() - {DYING}:
        assert_delivers(stacks[engine], b"still there\n")
    again = command.run("up", "--name", name, "--engine", DYING, "--customers", "1")
    assert again.code == 0, again.err
    assert_delivers(StackDescription.from_json(command.status(name)), b"and back\n")
