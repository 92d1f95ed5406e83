"""The records of one server: opens the books of sessions, and runs the outlets behind them."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from harness import clock
from harness.sftp.config import SftpConfig
from harness.sftp.outlets import CloudWatchOutlet, Outlet, Record, TextOutlet
from harness.sftp.records.event_bus import EventBusOutlet
from harness.sftp.records.events import SessionInfo
from harness.sftp.records.listeners import Hear, Listeners
from harness.sftp.records.session import SessionRecords
from harness.sftp.session_log import Line, ServerLog, SessionLog


class ServerRecords:
    """What all sessions of a server share in their records.

    :param outlets: threads to start and stop with the server
    """

    def __init__(
        self, log: ServerLog, *, hear: Sequence[Hear] = (), outlets: Sequence[Outlet[Any]] = ()
    ) -> None:
        self.log = log
        self.listeners = Listeners(hear)
        self._outlets = tuple(outlets)

    def session(self, about: SessionInfo) -> SessionRecords:
        return SessionRecords(SessionLog(self.log, about.user, about.id), about, self.listeners)

    def start(self) -> None:
        for outlet in self._outlets:
            outlet.start()

    def stop(self, timeout_s: float) -> None:
        """Deliver what is left, for a bounded time, and tell what was lost."""
        deadline = time.monotonic() + timeout_s
        for outlet in self._outlets:
            outlet.stop(max(0.1, deadline - time.monotonic()))
        for outlet in self._outlets:
            if outlet.dropped:
                print(f"{outlet.name}: {outlet.dropped} {outlet.what} were dropped", file=sys.stderr)


def records_of(config: SftpConfig) -> ServerRecords:
    """Make the outlets that the configuration asks for."""
    arn = resource_arn(config)
    lines: list[Outlet[Record]] = [TextOutlet(sys.stdout)]
    if config.log_group is not None:
        lines.append(CloudWatchOutlet(config.engine, config.log_group, config.log_interval_s))
    bus = EventBusOutlet(config.engine, config.server_id, arn)

    def emit(stream: str, line: Line) -> None:
        record = Record(clock.now(), stream, line)
        for outlet in lines:
            outlet.put(record)

    return ServerRecords(ServerLog(emit, arn), hear=[bus.put], outlets=[*lines, bus])


def resource_arn(config: SftpConfig) -> str:
    engine = config.engine
    return f"arn:aws:transfer:{engine.region}:{engine.account_id}:server/{config.server_id}"
