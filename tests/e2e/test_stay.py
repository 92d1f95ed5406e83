"""`floodgate up --stay`: in the foreground until it is told to end, or a part of the stack has."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from harness.engines.ports import free_port
from harness.engines.records import ProcessTable
from tests.e2e.floodgate import Floodgate, eventually
from tests.e2e.test_stack import sftp

pytestmark = pytest.mark.e2e

SMALL = Path(__file__).parents[1] / "integration" / "stack" / "small.yaml"
"""Two buckets, deployed at once."""


def test_it_stays_on_its_ports_and_sigterm_takes_it_down(floodgate: Floodgate, tmp_path: Path) -> None:
    port, api = free_port(), free_port()
    places = ["--sftp-port", str(port), "--transfer-port", str(api), "--advertise-host", "localhost"]
    command = floodgate.start("up", "--stay", "--name", "stays", *places)
    eventually(lambda: "staying" in command.err or command.process.poll() is not None, "the stack", 120)
    status = floodgate.status("stays")
    assert (status["sftp"]["host"], status["sftp"]["port"]) == ("localhost", port)
    assert status["transfer"]["endpoint_url"] == f"http://localhost:{api}"
    (tmp_path / "a.csv").write_text("id\n1\n")
    assert sftp(status, f"put {tmp_path / 'a.csv'}\n").returncode == 0

    command.process.send_signal(signal.SIGTERM)
    assert command.finish().code == 0
    assert floodgate.leftovers() == []


def test_it_ends_when_a_part_of_the_stack_does(floodgate: Floodgate) -> None:
    command = floodgate.start("up", "--stay", "--name", "loses", "--template", str(SMALL))
    eventually(lambda: "staying" in command.err or command.process.poll() is not None, "the stack", 120)
    (server,) = [r for r in ProcessTable(floodgate.stacks / "loses").read() if r.role == "sftp"]
    os.kill(server.pid, signal.SIGKILL)
    ended = command.finish()
    assert ended.code == 6
    assert "sftp of the stack 'loses' no longer runs" in ended.err
    assert floodgate.leftovers() == []
