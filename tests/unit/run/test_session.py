"""Which stack a run takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.engines.base import EngineInfo
from harness.exceptions import EnvironmentNotReadyError, UsageError
from harness.run.options import RunOptions
from harness.run.session import stack_for
from harness.stack import lifecycle
from harness.stack.description import SftpEndpoint, StackDescription

pytestmark = pytest.mark.unit

DESCRIPTION = StackDescription(
    name="kept",
    engine=EngineInfo("localstack", "host", "4.9.2", "http://127.0.0.1:1"),
    route="queued",
    sftp=SftpEndpoint("127.0.0.1", 1, "SHA256:x", "s-1"),
    users=[],
    buckets={},
    table="t",
    queues={},
    functions={},
    state_machines={},
    log_groups=[],
    template_sha256="0",
    handlers_sha256="0",
    differs_from_aws=[],
)


def test_a_stack_that_has_lost_a_part_is_refused_with_the_fix(monkeypatch):
    monkeypatch.setattr(lifecycle, "describe", lambda _name: DESCRIPTION)
    monkeypatch.setattr(lifecycle, "is_alive", lambda _name: ["sftp"])
    taken = stack_for(RunOptions("smoke", name="kept"), "run-id", 1, print)
    with pytest.raises(EnvironmentNotReadyError, match="sftp no longer runs") as refused, taken:
        pass
    assert "floodgate down --name kept" in (refused.value.hint or "")


FIFO = replace(
    DESCRIPTION,
    options={
        "route": "queued",
        "fifo": True,
        "pipe": True,
        "recording": None,
        "partial_upload": "keep",
        "sftp_workers": 1,
        "parameters": {"Recording": "full", "Transform": "gzip"},
    },
)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"route": "queued", "fifo": True, "recording": "full", "parameters": {"Transform": "gzip"}},
        {"partial_upload": "keep", "sftp_workers": 1},
        {"engine": "localstack"},
        {"engine": "http://127.0.0.1:1"},
    ],
)
def test_a_stack_that_is_as_asked_for_is_used(monkeypatch, asked):
    monkeypatch.setattr(lifecycle, "describe", lambda _name: FIFO)
    monkeypatch.setattr(lifecycle, "is_alive", lambda _name: [])
    with stack_for(RunOptions("smoke", name="kept", **asked), "run-id", 1, print) as session:
        assert session.description is FIFO


def test_every_difference_is_named_with_the_fix(monkeypatch, tmp_path):
    monkeypatch.setattr(lifecycle, "describe", lambda _name: DESCRIPTION)
    options = RunOptions(
        "smoke",
        name="kept",
        engine="http://127.0.0.1:2",
        route="direct",
        fifo=True,
        recording="full",
        parameters={"Transform": "gzip"},
        handlers=tmp_path,
        sftp_workers=2,
    )
    taken = stack_for(options, "run-id", 1, print)
    with pytest.raises(UsageError) as refused, taken:
        pass
    for word in (
        "engine",
        "'queued', not 'direct'",
        "--fifo",
        "--recording",
        "Transform",
        "--handlers",
        "--sftp-workers",
    ):
        assert word in refused.value.message
    assert "floodgate down --name kept" in (refused.value.hint or "")
