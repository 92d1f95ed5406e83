"""Container logs to CloudWatch, as the `awslogs` driver sends them: one stream for each task.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import IO, Any, Final

from harness.aws import translated
from harness.clock import now
from harness.exceptions import AwsError, StackLostError
from harness.standins.ecs.definition import LogDestination

INTERVAL_S: Final = 1.0
_MAX_EVENTS = 1_000
_MAX_LINE_BYTES = 200_000
"""Well below the limits of PutLogEvents, 10,000 events and 1,048,576 bytes, in sum and for each line:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""
_MAX_BATCH_BYTES = 900_000
_log = logging.getLogger(__name__)


class TaskLog:
    """Reads a task's output to its end and sends it on.

    Where CloudWatch is not to be had, or there is no destination, lines go to the log of the stand-ins.
    """

    def __init__(self, logs: Any, destination: LogDestination | None, container: str, task_id: str) -> None:
        self._logs = logs
        self._destination = destination
        self._task_id = task_id
        self._stream = f"{destination.stream_prefix}/{container}/{task_id}" if destination else ""
        self._lines: deque[dict[str, Any]] = deque()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, output: IO[bytes]) -> None:
        """Take the output over; it is closed at its end."""
        jobs = [threading.Thread(target=self._read, args=(output,)), threading.Thread(target=self._ship)]
        for thread in jobs:
            thread.start()
        self._threads = jobs

    def close(self) -> None:
        """Wait until the last line has been sent. The task must have ended."""
        for thread in self._threads:
            thread.join()

    def _read(self, output: IO[bytes]) -> None:
        with output:
            for line in output:
                text = line.rstrip(b"\r\n")[:_MAX_LINE_BYTES].decode(errors="replace")
                if text:
                    self._lines.append({"timestamp": int(now() * 1000), "message": text})
        self._ended.set()

    def _ship(self) -> None:
        if self._destination is not None and not self._create_stream():
            self._destination = None
        while not self._ended.wait(INTERVAL_S):
            self._send_all()
        self._send_all()

    def _create_stream(self) -> bool:
        assert self._destination is not None
        try:
            with translated("creating a log stream"):
                self._logs.create_log_stream(logGroupName=self._destination.group, logStreamName=self._stream)
        except (AwsError, StackLostError) as exc:
            _log.error("task %s: its lines stay in this log: %s", self._task_id, exc.message)
            return False
        return True

    def _send_all(self) -> None:
        while self._lines:
            self._send(self._next_batch())

    def _next_batch(self) -> list[dict[str, Any]]:
        batch: list[dict[str, Any]] = []
        size = 0
        while self._lines and len(batch) < _MAX_EVENTS and size < _MAX_BATCH_BYTES - _MAX_LINE_BYTES:
            batch.append(self._lines.popleft())
            size += len(batch[-1]["message"].encode()) + 26
        return batch

    def _send(self, batch: list[dict[str, Any]]) -> None:
        if self._destination is None:
            for event in batch:
                _log.info("task %s: %s", self._task_id, event["message"])
            return
        try:
            with translated("sending log lines"):
                self._logs.put_log_events(
                    logGroupName=self._destination.group, logStreamName=self._stream, logEvents=batch
                )
        except (AwsError, StackLostError) as exc:
            _log.error("task %s: %d log lines are lost: %s", self._task_id, len(batch), exc.message)
