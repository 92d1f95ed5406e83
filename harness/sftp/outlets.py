"""Where records go in the background, and two places for log lines: standard output, and CloudWatch Logs.

Each outlet is a thread with a bounded queue. Handing something over never waits; when an outlet is so slow
that its queue is full, records are dropped and counted, and the sessions do not notice.
"""

from __future__ import annotations

import json
import sys
import threading
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Generic, Literal, TextIO, TypeVar

from harness import clock
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, FloodgateError
from harness.sftp.records.json_api import JsonApi
from harness.sftp.session_log import Line

T = TypeVar("T")

QUEUE_LINES = 20_000
MAX_EVENTS_PER_CALL = 10_000
MAX_BYTES_PER_CALL = 1_000_000
_EVENT_BYTES = 26
"""What PutLogEvents takes, with some room, and what it counts for each event beside its message:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""
_KNOWN_STREAMS = 10_000

_encode = json.JSONEncoder(ensure_ascii=False).encode
"""`json.dumps` makes an encoder for each call that has options."""

TextOf = Callable[[str, Line], str]


class Record:
    """One line with its time (epoch seconds) and stream. Made in the event loop: a frozen dataclass takes
    twice as long.
    """

    __slots__ = ("_json", "at", "line", "stream")

    def __init__(self, at: float, stream: str, line: Line) -> None:
        self.at = at
        self.stream = stream
        self.line = line
        self._json = ""

    @property
    def json(self) -> str:
        """The line as JSON, written once for all outlets."""
        self._json = self._json or _encode(self.line)
        return self._json


class Background(ABC, threading.Thread):
    """A thread that has its turn every `interval_s`, and a last one when it is stopped."""

    what: ClassVar[str]
    """What is lost when `dropped` counts."""

    def __init__(self, name: str, interval_s: float) -> None:
        super().__init__(name=name, daemon=True)
        self.dropped = 0
        self._interval_s = interval_s
        self._stopping = threading.Event()
        self._failing = False

    def run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            self.turn()
        self.turn()
        self.close()

    def close(self) -> None:
        """Release connections."""

    def begin_to_stop(self) -> None:
        """Have the last turn now."""
        self._stopping.set()

    def stop(self, timeout_s: float) -> None:
        """Deliver what is left, for a bounded time."""
        self.begin_to_stop()
        self.join(timeout_s)

    @abstractmethod
    def turn(self) -> None:
        """Deliver what is there; must not raise."""

    def _complain_once(self, why: object) -> None:
        """The first failure of a row is told; the session log itself may be what does not work."""
        if not self._failing:
            print(f"{self.name}: {self.what} are not delivered: {why}", file=sys.stderr, flush=True)
        self._failing = True


class Outlet(Background, Generic[T]):
    """Delivers records in the background, in batches of what arrived during `interval_s`."""

    what = "session log lines"

    def __init__(self, name: str, interval_s: float) -> None:
        super().__init__(name, interval_s)
        self._queue: deque[T] = deque()

    def put(self, record: T) -> None:
        if len(self._queue) >= QUEUE_LINES:
            self.dropped += 1
        else:
            self._queue.append(record)

    def turn(self) -> None:
        records = [self._queue.popleft() for _ in range(len(self._queue))]
        if records:
            self.deliver(records)

    @abstractmethod
    def deliver(self, records: list[T]) -> None:
        """Write a batch; must not raise."""


class TextOutlet(Outlet[Record]):
    """JSON lines for sftp.log: Transfer's own fields after the time and the stream."""

    def __init__(self, text: TextIO) -> None:
        super().__init__("log-text", interval_s=0.2)
        self._text = text

    def deliver(self, records: list[Record]) -> None:
        try:
            self._text.write("".join(self._format(record) for record in records))
            self._text.flush()
        except (OSError, ValueError):  # disk full, or the reader of the pipe has gone
            self.dropped += len(records)

    @staticmethod
    def _format(record: Record) -> str:
        return f'{{"at": "{clock.to_iso(record.at)}", "stream": {_encode(record.stream)}, {record.json[1:]}\n'


class CloudWatchOutlet(Outlet[Record]):
    """PutLogEvents, one call per stream and batch; streams are made when first needed.

    :param text_of: turns a stream and a line of it into the message; JSON when not given
    :param make_group: make the group when it is not there
    """

    def __init__(
        self,
        engine: EngineInfo,
        group: str,
        interval_s: float,
        *,
        text_of: TextOf | None = None,
        make_group: bool = False,
    ) -> None:
        super().__init__(f"log group {group}", interval_s)
        self._logs = JsonApi(engine, "logs", "Logs_20140328")
        self._group = group
        self._text_of = text_of
        self._make_group = make_group
        self._known: OrderedDict[str, None] = OrderedDict()

    def deliver(self, records: list[Record]) -> None:
        by_stream: dict[str, list[Record]] = {}
        for record in records:
            by_stream.setdefault(record.stream, []).append(record)
        for stream, lines in by_stream.items():
            for some in in_batches([self._event(line) for line in lines]):
                self._deliver_some(stream, some)

    def _deliver_some(self, stream: str, events: list[dict[str, Any]]) -> None:
        names = {"logGroupName": self._group, "logStreamName": stream}
        try:
            self._make_stream(stream)
            self._logs.call("PutLogEvents", _encode({**names, "logEvents": events}))
            self._failing = False
        except FloodgateError as exc:
            self.dropped += len(events)
            self._known.pop(stream, None)
            self._complain_once(exc)

    def _make_stream(self, stream: str) -> None:
        if stream in self._known:
            return
        if self._make_group:
            self._make("Group", logGroupName=self._group)
            self._make_group = False
        self._make("Stream", logGroupName=self._group, logStreamName=stream)
        self._known[stream] = None
        if len(self._known) > _KNOWN_STREAMS:
            self._known.popitem(last=False)

    def close(self) -> None:
        self._logs.close()

    def _make(self, what: Literal["Group", "Stream"], **names: str) -> None:
        try:
            self._logs.call(f"CreateLog{what}", _encode(names))
        except AwsError as exc:
            if exc.code != "ResourceAlreadyExistsException":
                raise

    def _event(self, record: Record) -> dict[str, Any]:
        message = record.json if self._text_of is None else self._text_of(record.stream, record.line)
        return {"timestamp": int(record.at * 1000), "message": message}


def in_batches(events: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Cut what is too much for one call."""
    batch: list[dict[str, Any]] = []
    size_bytes = 0
    for event in events:
        message = event["message"]
        more = _EVENT_BYTES + (len(message) if message.isascii() else len(message.encode()))
        if batch and (size_bytes + more > MAX_BYTES_PER_CALL or len(batch) == MAX_EVENTS_PER_CALL):
            yield batch
            batch, size_bytes = [], 0
        batch.append(event)
        size_bytes += more
    if batch:
        yield batch
