"""Turns what a runtime process writes into log events, in order.

Plain output becomes one event per line, as on AWS. The runtime's logger writes *frames* into the same pipe
(see `FramedTelemetryLogSink` in awslambdaric): a frame is one event, however many lines it has. One pipe for
both keeps the order.
"""

from dataclasses import dataclass, field

FRAME_MARK = b"\xa5\x5a\x00"
FRAME_HEADER_BYTES = 16
OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event of a log stream; `at_ms` is epoch milliseconds."""

    at_ms: int
    message: str


@dataclass
class LogCapture:
    """Collects the output of one invocation; `limit_bytes` bounds what it keeps in memory."""

    limit_bytes: int = OUTPUT_LIMIT_BYTES
    events: list[LogEvent] = field(default_factory=list)
    _pending: bytearray = field(default_factory=bytearray)
    _line: bytearray = field(default_factory=bytearray)
    _kept_bytes: int = 0
    _dropped_bytes: int = 0

    def feed(self, data: bytes, at_ms: int) -> None:
        """Take output as it was read from the pipe."""
        room = max(0, self.limit_bytes - self._kept_bytes)
        self._dropped_bytes += max(0, len(data) - room)
        self._kept_bytes += min(len(data), room)
        self._pending += data[:room]
        self._parse(at_ms)

    def add(self, message: str, at_ms: int) -> None:
        """Add a line of the platform after what has been read so far."""
        self.flush(at_ms)
        self.events.append(LogEvent(at_ms, message))

    def flush(self, at_ms: int) -> None:
        """End an unfinished line or frame, and say so if output was dropped."""
        self._text(bytes(self._pending), at_ms)
        self._pending.clear()
        self._emit_line(at_ms)
        if self._dropped_bytes:
            note = f"[floodgate] {self._dropped_bytes} bytes of output above {self.limit_bytes} were dropped"
            self.events.append(LogEvent(at_ms, note))
            self._dropped_bytes = 0

    def take(self) -> list[LogEvent]:
        """Hand over the events and start anew."""
        taken, self.events = self.events, []
        self._kept_bytes = 0
        return taken

    def _parse(self, at_ms: int) -> None:
        while self._pending:
            mark = self._pending.find(FRAME_MARK)
            if mark != 0:
                plain = self._plain_length(mark)
                if not plain:
                    return
                self._text(bytes(self._pending[:plain]), at_ms)
                del self._pending[:plain]
            elif not self._take_frame(at_ms):
                return

    def _plain_length(self, mark: int) -> int:
        """Bytes at the front that belong to no frame; the start of a mark that was cut is left for later."""
        if mark > 0:
            return mark
        for cut in (2, 1):
            if self._pending.endswith(FRAME_MARK[:cut]):
                return len(self._pending) - cut
        return len(self._pending)

    def _take_frame(self, at_ms: int) -> bool:
        if len(self._pending) < FRAME_HEADER_BYTES:
            return False
        end = FRAME_HEADER_BYTES + int.from_bytes(self._pending[4:8], "big")
        if len(self._pending) < end:
            return False
        written_ms = int.from_bytes(self._pending[8:16], "big") // 1000
        message = self._pending[FRAME_HEADER_BYTES:end].decode("utf-8", "replace").rstrip("\n")
        del self._pending[:end]
        if message:
            self.events.append(LogEvent(min(written_ms, at_ms), message))
        return True

    def _text(self, text: bytes, at_ms: int) -> None:
        *lines, rest = text.split(b"\n")
        for line in lines:
            self._line += line
            self._emit_line(at_ms)
        self._line += rest

    def _emit_line(self, at_ms: int) -> None:
        # CloudWatch takes no empty events, so Lambda writes none.
        if self._line:
            self.events.append(LogEvent(at_ms, self._line.decode("utf-8", "replace")))
            self._line.clear()
