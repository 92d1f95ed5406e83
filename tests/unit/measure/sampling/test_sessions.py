"""Sessions, counted in the log that the front end really writes."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.measure.sampling.readings import Reading
from harness.measure.sampling.sessions import SessionSource
from harness.sftp.outlets import Record, TextOutlet
from harness.sftp.session_log import Connected, Line, ServerLog, SessionLog

pytestmark = pytest.mark.unit

ABOUT = Connected(
    "role", "aes", "client", "127.0.0.1", "key", "SHA256:x", "ssh-ed25519", "customer-0001", "kex"
)


class Log:
    """A log file with sessions that begin and end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sessions: list[SessionLog] = []

    def begin(self, count: int = 1) -> None:
        for _ in range(count):
            session = SessionLog(ServerLog(self._emit, "arn"), "customer-0001", f"s{len(self.sessions)}")
            session.connected(ABOUT)
            session.opened('/bucket/"activity-type": "CONNECTED"', "WRITE")
            self.sessions.append(session)

    def end(self, count: int = 1) -> None:
        for _ in range(count):
            self.sessions.pop().disconnected()

    def _emit(self, stream: str, line: Line) -> None:
        text = io.StringIO()
        outlet = TextOutlet(text)
        outlet.deliver([Record(1.0, stream, line)])
        with self.path.open("a") as log:
            log.write(text.getvalue())


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "sftp.log")


def values(readings: Iterable[Reading]) -> dict[str, float]:
    return {reading.name: reading.value for reading in readings}


def test_sessions_that_are_there_are_counted_from_the_first_look_on(log: Log) -> None:
    source = SessionSource(log.path)
    assert values(source.read(10.0)) == {"sftp.sessions": 0}
    log.begin(5)
    log.end(2)
    assert values(source.read(12.0)) == {"sftp.sessions": 3, "sftp.logins": 2.5}
    log.end(3)
    assert values(source.read(14.0)) == {"sftp.sessions": 0, "sftp.logins": 0}


def test_sessions_of_a_kept_stack_are_there_at_once_and_no_logins(log: Log) -> None:
    log.begin(4)
    assert values(SessionSource(log.path).read(10.0)) == {"sftp.sessions": 4}


def test_a_line_that_is_half_written_counts_once(log: Log) -> None:
    log.begin(2)
    whole = log.path.read_bytes()
    source = SessionSource(log.path)
    for cut in range(0, len(whole), 37):
        log.path.write_bytes(whole[:cut])
        source.read(float(cut))
    log.path.write_bytes(whole)
    assert values(source.read(1e6))["sftp.sessions"] == 2
