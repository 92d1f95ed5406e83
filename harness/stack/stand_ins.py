"""Starting the stand-ins of a stack: what the template has and the engine lacks, as a process of its own."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from harness.deploy import StandIn
from harness.engines.base import EngineInfo
from harness.engines.process import is_running
from harness.exceptions import StackLostError
from harness.files import replace_json
from harness.stack import child
from harness.stack.state import StackState

ROLE = "stand-ins"
START_TIMEOUT_S = 60.0
STOP_GRACE_S = 5.0
"""Most batches and copies end in that time; the rest goes down with its queues."""
_WORKING_TYPES = frozenset({"AWS::Pipes::Pipe", "AWS::ECS::Service"})
"""Types that need a process; the others only describe these."""


def are_needed(resources: Sequence[StandIn]) -> bool:
    """Tell whether any of the resources that the engine lacks has work to do."""
    return any(resource.type in _WORKING_TYPES for resource in resources)


def start(state: StackState, engine: EngineInfo, resources: Sequence[StandIn], code: dict[str, str]) -> None:
    """Start the process and wait until it works.

    :param code: `bucket` and `key` of the Lambda package
    :raises EngineStartError: it ended, or does not work after `START_TIMEOUT_S`; with the end of its log
    """
    config = _config(state, engine, resources, code)
    child.start(state, ROLE, "harness.standins", config, name="the stand-ins", timeout_s=START_TIMEOUT_S)


def reload(state: StackState, code: dict[str, str]) -> None:
    """Have the tasks replaced by such with other code; does nothing where there are no stand-ins.

    :raises StackLostError: the process has died
    """
    records = [record for record in state.processes.read() if record.role == ROLE]
    if not records:
        return
    config_file = state.folder / f"{ROLE}.json"
    replace_json(config_file, {**json.loads(config_file.read_text()), "code": code})
    if not is_running(records[0]):
        raise StackLostError("the stand-ins have died", hint=f"their log: {state.folder / ROLE}.log")
    os.kill(records[0].pid, signal.SIGHUP)


def differences(resources: Sequence[StandIn]) -> list[str]:
    """Return what differs from AWS where the stand-ins work, as sentences for reports."""
    types = {resource.type for resource in resources}
    sentences = []
    if "AWS::Pipes::Pipe" in types:
        sentences.append(
            "EventBridge Pipes are stood in for by a poller with 4 batches at a time; AWS runs up to 1,250"
        )
    if "AWS::ECS::Service" in types:
        sentences.append(
            f"ECS tasks are processes of this machine, {max_tasks()} at most, that run the Lambda package "
            "instead of an image; the scaling rule is evaluated every 2 s on the queue itself, not on "
            "CloudWatch's minutes; CPU and memory of a task are not limited"
        )
    if "AWS::Transfer::Server" in types:
        sentences.append(
            "Transfer Family is the harness's own: each server has a port of its own (its tag "
            "floodgate:endpoint tells which) instead of port 22 in a VPC, and is online within seconds; "
            "policies of roles, users and buckets hold for SFTP sessions although the engine does not "
            "enforce them; requests to the Transfer API are not checked for permission"
        )
    return sentences


def max_tasks() -> int:
    """Return how many tasks this machine can bear: one for each core, and two at least."""
    return max(2, os.cpu_count() or 1)


def _config(
    state: StackState, engine: EngineInfo, resources: Sequence[StandIn], code: dict[str, str]
) -> dict[str, Any]:
    return {
        "engine": engine.to_json(),
        "resources": [asdict(resource) for resource in resources],
        "code": code,
        "work_dir": str(state.folder / ROLE),
        "ready_file": str(child.ready_file(state, ROLE)),
        "max_tasks": max_tasks(),
    }
