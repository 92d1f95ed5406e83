"""What all sessions of one server share in their records."""

from __future__ import annotations

from harness.sftp.records.session import SessionInfo, SessionRecords
from harness.sftp.session_log import ServerLog, SessionLog


class ServerRecords:
    """Opens the books of sessions, and keeps those of what belongs to none."""

    def __init__(self, log: ServerLog) -> None:
        self.log = log

    def session(self, about: SessionInfo) -> SessionRecords:
        return SessionRecords(SessionLog(self.log, about.user, about.id), about)
