"""The records of one server: opens the books of sessions, and runs the outlets behind them."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from harness import clock
from harness.sftp.config import SftpConfig
from harness.sftp.outlets import Background, CloudWatchOutlet, Outlet, Record, TextOutlet
from harness.sftp.records import legacy
from harness.sftp.records.event_bus import EventBusOutlet
from harness.sftp.records.events import SessionInfo
from harness.sftp.records.listeners import Listeners
from harness.sftp.records.metrics import MetricsOutlet
from harness.sftp.records.session import SessionRecords
from harness.sftp.records.triggers import TriggersFile
from harness.sftp.session_log import Line, ServerLog, SessionLog

_SWITCH_INTERVAL_S = 0.0002


class ServerRecords:
    """What all sessions of a server share in their records.

    :param outlets: threads to start and stop with the server
    """

    def __init__(
        self, log: ServerLog, listeners: Listeners | None = None, outlets: Sequence[Background] = ()
    ) -> None:
        self.log = log
        self.listeners = listeners or Listeners()
        self._outlets = tuple(outlets)

    def session(self, about: SessionInfo) -> SessionRecords:
        return SessionRecords(SessionLog(self.log, about.user, about.id), about, self.listeners)

    def start(self) -> None:
        """The outlets' threads give way sooner than Python lets them: it makes the event loop wait 5 ms each
        time one of them has something to do (with 8 sessions, 570 small files per second instead of 810).
        """
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        for outlet in self._outlets:
            outlet.start()

    def stop(self, timeout_s: float) -> None:
        """Deliver what is left, for a bounded time, and tell what was lost."""
        deadline = time.monotonic() + timeout_s
        for outlet in self._outlets:
            outlet.begin_to_stop()
        for outlet in self._outlets:
            outlet.stop(max(0.1, deadline - time.monotonic()))
        for outlet in self._outlets:
            if outlet.dropped:
                print(f"{outlet.name}: {outlet.dropped} {outlet.what} were dropped", file=sys.stderr)


def records_of(config: SftpConfig) -> ServerRecords:
    """Make the outlets that the server's settings ask for."""
    arn = resource_arn(config)
    lines = _log_outlets(config)
    listeners = Listeners()

    def emit(stream: str, line: Line) -> None:
        record = Record(clock.now(), stream, line)
        for outlet in lines:
            outlet.put(record)

    bus = EventBusOutlet(config.engine, config.server_id, arn)
    metrics = MetricsOutlet(
        config.engine, config.server_id, config.metrics_interval_s, lambda: listeners.open_sessions > 0
    )
    listeners.add(bus.put, metrics.hear)
    if config.workflow_details is not None and config.workflow_triggers_file is not None:
        triggers = TriggersFile(config.workflow_triggers_file, config.workflow_details, config.server_id)
        listeners.add(triggers.hear)
    return ServerRecords(ServerLog(emit, arn), listeners, [*lines, bus, metrics])


def _log_outlets(config: SftpConfig) -> list[Outlet[Record]]:
    engine, interval_s = config.engine, config.log_interval_s
    outlets: list[Outlet[Record]] = [TextOutlet(sys.stdout)]
    if config.log_group is not None:
        outlets.append(CloudWatchOutlet(engine, config.log_group, interval_s))
    if config.logging_role:
        group = legacy.group_of(config.server_id)
        outlets.append(CloudWatchOutlet(engine, group, interval_s, text_of=legacy.text_of, make_group=True))
    return outlets


def resource_arn(config: SftpConfig) -> str:
    engine = config.engine
    return f"arn:aws:transfer:{engine.region}:{engine.account_id}:server/{config.server_id}"
