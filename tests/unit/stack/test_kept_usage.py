"""What a keeper tells of the processes of its stack, looked at as from another container."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.engines.process import record_of
from harness.engines.records import ProcessTable
from harness.stack import kept_usage
from harness.stack.kept_usage import UsageTeller

pytestmark = pytest.mark.unit


@pytest.fixture
def teller(tmp_path: Path) -> Iterator[UsageTeller]:
    """Of a stack whose SFTP server is this process, and whose watcher, too."""
    for role in ("sftp", "watcher"):
        ProcessTable(tmp_path).write(record_of(role, os.getpid()))
    made = UsageTeller(tmp_path)
    yield made
    made.close()


def test_cpu_and_memory_are_told_for_parts_of_the_stack_alone(tmp_path: Path, teller: UsageTeller) -> None:
    assert kept_usage.read(tmp_path) == {}
    teller.tell()
    told = kept_usage.read(tmp_path)
    assert told.keys() == {"sftp"}
    assert told["sftp"].cpu_s > 0
    assert told["sftp"].rss_bytes > 1 << 20
    teller.tell()
    assert kept_usage.read(tmp_path)["sftp"].cpu_s >= told["sftp"].cpu_s


def test_what_a_process_has_used_counts_when_it_has_ended(
    tmp_path: Path, teller: UsageTeller, monkeypatch: pytest.MonkeyPatch
) -> None:
    teller.tell()
    before = kept_usage.read(tmp_path)["sftp"]
    with subprocess.Popen(["sleep", "60"]) as idle:  # stands in for the worker that replaces one that died
        other = psutil.Process(idle.pid)
        monkeypatch.setattr(kept_usage, "_families", lambda _records: [("sftp", other)])
        teller.tell()
        idle.kill()
    assert kept_usage.read(tmp_path)["sftp"].cpu_s >= before.cpu_s


def test_a_folder_that_is_being_removed_gets_no_new_file(tmp_path: Path) -> None:
    folder = tmp_path / "stack"
    folder.mkdir()
    teller = UsageTeller(folder)
    teller.tell()
    shutil.rmtree(folder)
    folder.mkdir()
    teller.tell()
    teller.close()
    assert list(folder.iterdir()) == []
