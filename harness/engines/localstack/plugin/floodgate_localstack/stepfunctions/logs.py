"""The logs of executions, stored together in few calls. Imports LocalStack.

LocalStack makes a boto client for each execution of a machine that has logging, and a call for each event.
"""

from __future__ import annotations

import logging
import threading
import time
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from floodgate_localstack.lambda_runtime.log_batches import batches
from floodgate_localstack.lambda_runtime.log_capture import LogEvent
from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

LOG = logging.getLogger(__name__)
GATHER_S = 0.5


class Stream(NamedTuple):
    """Where the events of one machine go."""

    account_id: str
    region: str
    group_name: str
    stream_name: str


class LogShipper:
    """Takes events at once and stores them by a thread of its own, which starts with the first one."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[tuple[Stream, LogEvent]] = SimpleQueue()
        self._start = threading.Lock()
        self._started = False

    def put(self, stream: Stream, event: LogEvent) -> None:
        """Store the event soon."""
        self._queue.put((stream, event))
        with self._start:
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, name="floodgate-sfn-logs", daemon=True).start()

    def _run(self) -> None:
        while True:
            entries = [self._queue.get()]
            time.sleep(GATHER_S)
            entries += self._all_queued()
            streams: dict[Stream, list[LogEvent]] = {}
            for stream, event in entries:
                streams.setdefault(stream, []).append(event)
            for stream, events in streams.items():
                _store(stream, events)

    def _all_queued(self) -> list[tuple[Stream, LogEvent]]:
        entries = []
        try:
            while True:
                entries.append(self._queue.get_nowait())
        except Empty:
            return entries


@named_patch("sfn-logs")
def apply() -> None:
    from localstack.services.stepfunctions.asl.eval.event.logging import CloudWatchLoggingSession
    from localstack.services.stepfunctions.asl.utils.encoding import to_json_str

    shipper = LogShipper()

    def init(self: Any, execution_arn: str, configuration: Any) -> None:
        self.execution_arn = execution_arn
        self.configuration = configuration

    def publish_history_log(self: Any, history_log: Any) -> None:
        to = self.configuration
        stream = Stream(to.log_account_id, to.log_region, to.log_group_name, to.log_stream_name)
        at_ms = int(history_log["event_timestamp"].timestamp() * 1000)
        shipper.put(stream, LogEvent(at_ms, to_json_str(history_log)))

    replace(CloudWatchLoggingSession, "__init__", init)
    replace(CloudWatchLoggingSession, "publish_history_log", publish_history_log)


def _store(stream: Stream, events: list[LogEvent]) -> None:
    from botocore.exceptions import BotoCoreError, ClientError
    from localstack.aws.connect import connect_to

    client = connect_to(aws_access_key_id=stream.account_id, region_name=stream.region).logs
    names = {"logGroupName": stream.group_name, "logStreamName": stream.stream_name}
    for batch in batches(sorted(events, key=lambda event: event.at_ms)):
        log_events = [{"timestamp": event.at_ms, "message": event.message} for event in batch]
        try:
            _put(client, names, log_events)
        except (BotoCoreError, ClientError) as exc:
            LOG.warning("%s events of executions could not be stored: %s", len(batch), exc)


def _put(client: Any, names: dict[str, str], log_events: list[dict[str, Any]]) -> None:
    try:
        client.put_log_events(**names, logEvents=log_events)
    except client.exceptions.ResourceNotFoundException:
        client.create_log_stream(**names)
        client.put_log_events(**names, logEvents=log_events)
