"""Waits on one runtime process: its Runtime API calls, its output and its end, in one place.

Whoever starts or invokes the environment runs the loop in its own thread, so an invocation costs no hand-over
between threads.
"""

import contextlib
import os
import selectors
import socket
import time
from dataclasses import dataclass
from http import HTTPStatus

from floodgate_localstack.lambda_runtime import runtime_api
from floodgate_localstack.lambda_runtime.log_capture import LogCapture
from floodgate_localstack.lambda_runtime.runtime_api import Call, Connection
from floodgate_localstack.lambda_runtime.spawner import ProcessGroup

OUTPUT_READ_BYTES = 256 * 1024
EXIT_POLL_S = 0.05  # where the system has no descriptor for the end of a process


@dataclass(frozen=True)
class Received:
    """A call of the runtime that is not answered yet."""

    connection: Connection
    call: Call


class RuntimeExitedError(Exception):
    """The runtime process ended; everything that it had sent has been handed out before."""


class DeadlineError(Exception):
    """Nothing more came within the time given."""


class Channel:
    """The engine's end of one environment. Not thread-safe: one caller at a time."""

    def __init__(self, capture: LogCapture, body_limit_bytes: int) -> None:
        self.capture = capture
        self._body_limit_bytes = body_limit_bytes
        self._selector = selectors.DefaultSelector()
        self._listener = runtime_api.listen()
        self._output_fd, self.child_output_fd = os.pipe()
        os.set_blocking(self._output_fd, False)
        self._group: ProcessGroup | None = None
        self._ready: list[Received] = []
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._output_fd, selectors.EVENT_READ, self.read_output)

    @property
    def address(self) -> str:
        """HOST:PORT for AWS_LAMBDA_RUNTIME_API."""
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    def attach(self, group: ProcessGroup) -> None:
        """Watch the process that was started with this channel; closes our copy of its output."""
        self._group = group
        os.close(self.child_output_fd)
        self.child_output_fd = -1
        if group.exit_fd is not None:
            self._selector.register(group.exit_fd, selectors.EVENT_READ, None)

    def receive(self, deadline_s: float) -> Received:
        """The next call of the runtime, read before `deadline_s` (monotonic clock).

        Raises RuntimeExitedError or DeadlineError.
        """
        while True:
            if self._ready:
                return self._ready.pop(0)
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise DeadlineError
            self._turn(left_s)

    def read_output(self) -> None:
        """Read all output that is there now."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._output_fd, OUTPUT_READ_BYTES):
                self.capture.feed(data, int(time.time() * 1000))
                if len(data) < OUTPUT_READ_BYTES:
                    return
            self._unregister(self._output_fd)

    def close(self) -> None:
        """Close every socket and pipe."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()
        self._listener.close()
        os.close(self._output_fd)
        if self.child_output_fd >= 0:
            os.close(self.child_output_fd)

    def _turn(self, timeout_s: float) -> None:
        """Wait once and handle what came; a process that ended is noticed after its last calls."""
        watched = self._group is not None and self._group.exit_fd is not None
        events = self._selector.select(timeout_s if watched else min(timeout_s, EXIT_POLL_S))
        for key, _ in events:
            if key.data is not None:
                key.data()
        if not self._ready and self._exit_noticed(events, watched):
            self._take_last_calls()
            self.read_output()
            if not self._ready:
                raise RuntimeExitedError

    def _exit_noticed(self, events: list[tuple[selectors.SelectorKey, int]], watched: bool) -> bool:
        if watched:
            return any(key.data is None for key, _ in events)
        return not events and self._group is not None and self._group.has_exited()

    def _take_last_calls(self) -> None:
        """Handle what the process had still sent when it ended."""
        while handlers := [key.data for key, _ in self._selector.select(0) if key.data is not None]:
            for handler in handlers:
                handler()
            if self._ready:
                return

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            connection = runtime_api.accept(self._listener, self._body_limit_bytes)
            self._selector.register(connection.sock, selectors.EVENT_READ, lambda: self._read(connection))

    def _read(self, connection: Connection) -> None:
        try:
            call = connection.read()
        except (OSError, runtime_api.ProtocolError):
            self._unregister(connection.sock)
            connection.sock.close()
            return
        if call is not None:
            self._ready.append(Received(connection, call))

    def _unregister(self, source: int | socket.socket) -> None:
        with contextlib.suppress(KeyError):
            self._selector.unregister(source)


def accepted(received: Received) -> None:
    """Tell the runtime that its call was taken."""
    with contextlib.suppress(OSError):
        received.connection.answer(HTTPStatus.ACCEPTED, b'{"status":"OK"}')


def refused(received: Received, status: HTTPStatus, error_type: str) -> None:
    """Tell the runtime that its call was not taken."""
    body = f'{{"errorMessage":"{status.phrase}","errorType":"{error_type}"}}'.encode()
    with contextlib.suppress(OSError):
        received.connection.answer(status, body)
