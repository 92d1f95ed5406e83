"""The way of events to EventBridge's default bus."""

from __future__ import annotations

from typing import Any

from harness.engines.base import EngineInfo
from harness.exceptions import FloodgateError
from harness.sftp.outlets import Outlet
from harness.sftp.records.events import Happening, entry
from harness.sftp.records.json_api import JsonApi, encode

INTERVAL_S = 0.25
"""Whoever waits for an event waits at most this long for us: AWS's come within a second or so."""
MAX_ENTRIES_PER_CALL = 10
"""https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html"""


class EventBusOutlet(Outlet[Happening]):
    """PutEvents. Like AWS's own delivery it is best effort: what the bus does not take is counted as lost.

    AWS refuses events of source `aws.*` from customers; an engine takes them, as we stand in for its service.
    """

    what = "events"

    def __init__(self, engine: EngineInfo, server_id: str, resource_arn: str) -> None:
        super().__init__("event bus", INTERVAL_S)
        self._events = JsonApi(engine, "events", "AWSEvents")
        self._server_id = server_id
        self._resource_arn = resource_arn

    def deliver(self, records: list[Happening]) -> None:
        for start in range(0, len(records), MAX_ENTRIES_PER_CALL):
            self._deliver_some(records[start : start + MAX_ENTRIES_PER_CALL])

    def close(self) -> None:
        self._events.close()

    def _deliver_some(self, records: list[Happening]) -> None:
        entries = [entry(record, self._server_id, self._resource_arn) for record in records]
        try:
            answer = self._events.call("PutEvents", encode({"Entries": entries}))
        except FloodgateError as exc:
            self.dropped += len(records)
            self._complain_once(exc)
        else:
            self._count_refused(answer)
        for record in records:
            if record.on_handled is not None:
                record.on_handled()

    def _count_refused(self, answer: dict[str, Any]) -> None:
        refused = [result for result in answer["Entries"] if "ErrorCode" in result]
        self.dropped += len(refused)
        self._failing = bool(refused) and self._failing
        if refused:
            self._complain_once(f"{refused[0]['ErrorCode']}: {refused[0].get('ErrorMessage', '')}")
