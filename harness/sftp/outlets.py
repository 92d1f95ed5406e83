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
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TextIO, TypeVar

from harness import aws, clock
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, FloodgateError
from harness.sftp.session_log import Line

T = TypeVar("T")

QUEUE_LINES = 20_000
MAX_EVENTS_PER_CALL = 1_000
"""PutLogEvents takes 10,000 events and 1 MiB; our lines stay below 1 KiB mostly, so a thousand always fit."""
_KNOWN_STREAMS = 10_000

TextOf = Callable[[str, Line], str]


@dataclass(frozen=True)
class Record:
    """One line with its time (epoch seconds) and stream."""

    at: float
    stream: str
    line: Line


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

    def stop(self, timeout_s: float) -> None:
        """Deliver what is left, for a bounded time."""
        self._stopping.set()
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
        fields = {"at": clock.to_iso(record.at), "stream": record.stream, **record.line}
        return json.dumps(fields, ensure_ascii=False) + "\n"


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
        self._logs = aws.client("logs", engine)
        self._group = group
        self._text_of = text_of or as_json
        self._make_group = make_group
        self._known: OrderedDict[str, None] = OrderedDict()

    def deliver(self, records: list[Record]) -> None:
        by_stream: dict[str, list[Record]] = {}
        for record in records:
            by_stream.setdefault(record.stream, []).append(record)
        for stream, lines in by_stream.items():
            for start in range(0, len(lines), MAX_EVENTS_PER_CALL):
                self._deliver_some(stream, lines[start : start + MAX_EVENTS_PER_CALL])

    def _deliver_some(self, stream: str, lines: list[Record]) -> None:
        try:
            self._make_stream(stream)
            with aws.translated("writing the session log"):
                self._logs.put_log_events(
                    logGroupName=self._group,
                    logStreamName=stream,
                    logEvents=[self._event(line) for line in lines],
                )
            self._failing = False
        except FloodgateError as exc:
            self.dropped += len(lines)
            self._known.pop(stream, None)
            self._complain_once(exc)

    def _make_stream(self, stream: str) -> None:
        if stream in self._known:
            return
        if self._make_group:
            self._make("group", logGroupName=self._group)
            self._make_group = False
        self._make("stream", logGroupName=self._group, logStreamName=stream)
        self._known[stream] = None
        if len(self._known) > _KNOWN_STREAMS:
            self._known.popitem(last=False)

    def _make(self, what: Literal["group", "stream"], **names: str) -> None:
        try:
            with aws.translated(f"making a log {what}"):
                getattr(self._logs, f"create_log_{what}")(**names)
        except AwsError as exc:
            if exc.code != "ResourceAlreadyExistsException":
                raise

    def _event(self, record: Record) -> dict[str, Any]:
        return {"timestamp": int(record.at * 1000), "message": self._text_of(record.stream, record.line)}


def as_json(_stream: str, line: Line) -> str:
    return json.dumps(line, ensure_ascii=False)
