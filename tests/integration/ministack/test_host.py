"""MiniStack as a process of ours: what it opens, what it leaves, and that we know ours from another's."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from harness.aws import client
from harness.engines import ports, process, registry
from harness.engines.base import EngineInfo
from harness.engines.ministack.host import MiniStackHost
from harness.engines.ministack.resource_types import RESOURCE_TYPES, STOOD_IN
from harness.environments import ensure

pytestmark = pytest.mark.integration

CREATED = "from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS as h; print(*h)"


def test_it_listens_on_this_machine_alone(engine: MiniStackHost, ministack: EngineInfo) -> None:
    (record,) = engine.processes()
    family = [psutil.Process(record.pid), *psutil.Process(record.pid).children(recursive=True)]
    listening_on = [
        connection.laddr
        for member in family
        for connection in member.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {address.ip for address in listening_on} == {ports.HOST}
    assert int(ministack.endpoint_url.rpartition(":")[2]) in {address.port for address in listening_on}


def test_it_is_ours_and_tells_its_version(engine: MiniStackHost, ministack: EngineInfo) -> None:
    assert (ministack.label, ministack.version) == ("ministack", "1.5.33")
    assert engine.is_running()
    assert client("sts", ministack).get_caller_identity()["Account"] == ministack.account_id


def test_another_one_that_answers_on_the_port_is_not_taken_for_ours(ministack: EngineInfo) -> None:
    assert MiniStackHost().version_when_ready(ministack.endpoint_url, b"") is None


def test_one_that_runs_already_is_recognised(ministack: EngineInfo, tmp_path: Path) -> None:
    engine = registry.create(ministack.endpoint_url)
    info = engine.start(tmp_path, print)
    assert (info.name, info.mode, info.version) == ("ministack", "url", ministack.version)
    assert not engine.capabilities().creates("AWS::Transfer::Server")
    assert not engine.capabilities().reads_text_as_numbers


def test_nothing_is_left_after_it_was_killed_and_stopped(tmp_path: Path) -> None:
    engine = MiniStackHost()
    info = engine.start(tmp_path, print)
    (record,) = engine.processes()
    os.kill(record.pid, signal.SIGKILL)
    engine.stop()
    assert process.of_owner(tmp_path) == []
    assert ports.is_free(int(info.endpoint_url.rpartition(":")[2]))
    assert {path.name for path in tmp_path.iterdir()} <= {"engine.log", "processes"}


def test_the_list_of_resource_types_is_that_of_the_installed_one() -> None:
    python = ensure("ministack", print)
    told = subprocess.run([python, "-c", CREATED], capture_output=True, text=True, check=True)
    assert set(told.stdout.split()) == RESOURCE_TYPES | STOOD_IN
