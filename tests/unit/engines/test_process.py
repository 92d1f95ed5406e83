"""Telling one process from a later one with the same id."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness.engines import process
from harness.engines.base import ProcessRecord
from harness.engines.records import ProcessTable

pytestmark = pytest.mark.unit


def test_this_process_runs() -> None:
    assert process.is_running(process.record_of("test", os.getpid()))


def test_a_later_process_of_the_same_id_is_another_one() -> None:
    record = process.record_of("test", os.getpid())
    assert not process.is_running(replace(record, started_at=record.started_at - 1))


def test_a_clock_that_is_set_makes_no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or else the next `up` would clear healthy stacks, and a watcher the stack of a running run."""
    record = process.record_of("test", os.getpid())
    created_at = psutil.Process().create_time()
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: created_at + 3600)
    assert process.is_running(record)


def test_a_process_that_is_gone_does_not_run() -> None:
    unused = max(psutil.pids()) + 100_000
    assert not process.is_running(process.record_of("test", unused))


@pytest.mark.parametrize(
    ("environment", "belongs"),
    [
        ({"FLOODGATE_OWNER_DIR": "/stacks/one"}, True),
        ({"FLOODGATE_OWNER_DIR": "/stacks/one/engine"}, True),
        ({"LAMBDA_TASK_ROOT": "/stacks/one/engine/lambda/x"}, True),
        ({"FLOODGATE_OWNER_DIR": "/stacks/one-more"}, False),
        ({"PWD": "/stacks/one", "OLDPWD": "/stacks/one/engine"}, False),
        ({}, False),
    ],
    ids=["the folder", "below it", "a Lambda process", "longer name", "somebody's shell", "nothing"],
)
def test_who_belongs_to_a_folder(environment: dict[str, str], belongs: bool) -> None:
    assert process._belongs(environment, Path("/stacks/one")) is belongs


def test_records_are_kept_by_role(tmp_path: Path) -> None:
    table = ProcessTable(tmp_path)
    table.write(ProcessRecord("sftp", 2, 2.5))
    table.write(ProcessRecord("engine", 1, 1.5))
    table.write(ProcessRecord("sftp", 3, 3.5))
    assert table.read() == [ProcessRecord("engine", 1, 1.5), ProcessRecord("sftp", 3, 3.5)]
    table.forget("engine")
    table.forget("engine")
    assert table.read() == [ProcessRecord("sftp", 3, 3.5)]


def test_a_record_that_is_forgotten_while_all_are_read_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`floodgate down` does so while `status` or a run's sampler looks."""
    table = ProcessTable(tmp_path)
    for role in ("engine", "sftp"):
        table.write(process.record_of(role, os.getpid()))
    read_text = Path.read_text

    def forget_then_read(path: Path) -> str:
        table.forget("engine")
        return read_text(path)

    monkeypatch.setattr(Path, "read_text", forget_then_read)
    assert [record.role for record in table.read()] == ["sftp"]
