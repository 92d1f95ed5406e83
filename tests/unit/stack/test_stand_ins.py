"""When a stack needs stand-ins, and what they make different from AWS."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.deploy import StandIn
from harness.engines.base import ProcessRecord
from harness.exceptions import StackLostError
from harness.stack import stand_ins
from harness.stack.state import Ownership, StackState

pytestmark = pytest.mark.unit

PIPE = StandIn("IngressPipe", "AWS::Pipes::Pipe", {})
SERVICE = StandIn("Service", "AWS::ECS::Service", {})
SERVER = StandIn("SftpServer", "AWS::Transfer::Server", {})


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackState:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    made = StackState("demo")
    made.create(Ownership("localstack"))
    return made


def test_only_resources_with_work_to_do_need_a_process() -> None:
    assert not stand_ins.are_needed([SERVER])
    assert stand_ins.are_needed([SERVER, PIPE])
    assert stand_ins.are_needed([SERVICE])


def test_reports_tell_what_differs() -> None:
    assert stand_ins.differences([]) == []
    (transfer,) = stand_ins.differences([SERVER])
    assert "floodgate:endpoint" in transfer
    (pipes,) = stand_ins.differences([PIPE])
    assert "1,250" in pipes
    (tasks,) = stand_ins.differences([SERVICE])
    assert f"{stand_ins.max_tasks()} at most" in tasks


def test_without_stand_ins_there_is_nothing_to_reload(state: StackState) -> None:
    stand_ins.reload(state, {"bucket": "b", "key": "new.zip"})
    assert not (state.folder / "stand-ins.json").exists()


def test_new_code_goes_into_the_configuration_and_dead_stand_ins_are_told(state: StackState) -> None:
    file = state.folder / "stand-ins.json"
    file.write_text(json.dumps({"code": {"bucket": "b", "key": "old.zip"}, "max_tasks": 2}))
    state.processes.write(ProcessRecord(stand_ins.ROLE, 2**22 + 1, 1.0))
    with pytest.raises(StackLostError, match="stand-ins have died"):
        stand_ins.reload(state, {"bucket": "b", "key": "new.zip"})
    assert json.loads(file.read_text()) == {"code": {"bucket": "b", "key": "new.zip"}, "max_tasks": 2}
