"""Where load workers wait between runs: the service's end.

A worker says every second that it is there, and is told when it is called to a run and where that run's own
master listens. Connections are those of `harness.load.distributed.security`: who does not know the token
cannot make one, and nobody else can read what is said.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import gevent
import zmq.green as zmq
from gevent import Greenlet

from harness.exceptions import PortInUseError, UsageError
from harness.load.distributed.keys import secret_key_of
from harness.load.distributed.token import token_of_environment
from harness.service.config import LobbyConfig
from harness.service.one_run import OneRun

PRESENT_S = 3.5
"""A worker that has been silent for so long is not called: it says every second that it is there."""


class Lobby:
    """Knows who is there, and calls all of them to a run.

    :param current: the run that goes on
    :raises UsageError: there is no token, or no such address
    :raises PortInUseError: the port is taken
    """

    def __init__(
        self,
        config: LobbyConfig,
        current: Callable[[], OneRun | None],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._current, self._now_s = current, now_s
        self._heard_at: dict[bytes, float] = {}
        self._called: frozenset[bytes] = frozenset()
        self._socket = _listening(config)
        endpoint: bytes = self._socket.getsockopt(zmq.LAST_ENDPOINT)
        self.place = endpoint.decode().rstrip("\0").removeprefix("tcp://")
        self._greenlet: Greenlet = gevent.spawn(self._answer_all)

    def present(self) -> int:
        """Return how many workers wait here."""
        return len(self._present())

    def call(self) -> int:
        """Call all that wait to the run that is about to begin, and return how many they are."""
        self._called = self._present()
        return len(self._called)

    def close(self) -> None:
        self._greenlet.kill()
        self._socket.close(linger=0)

    def _present(self) -> frozenset[bytes]:
        since = self._now_s() - PRESENT_S
        self._heard_at = {worker: at for worker, at in self._heard_at.items() if at >= since}
        return frozenset(self._heard_at)

    def _answer_all(self) -> None:
        while True:
            worker, content = self._socket.recv_multipart()[:2]
            if content == b"here":
                self._heard_at[worker] = self._now_s()
            self._socket.send_multipart([worker, json.dumps(self._answer(worker)).encode()])

    def _answer(self, worker: bytes) -> dict[str, str | int | None]:
        """Return the run that the worker is called to, once it can be joined."""
        run = self._current()
        port = run.master_port() if run is not None and worker in self._called else None
        return {"run": run.name, "port": port} if run is not None and port is not None else {"run": None}


def _listening(config: LobbyConfig) -> Any:
    secret = secret_key_of(token_of_environment())
    server: Any = zmq.Context.instance().socket(zmq.ROUTER)
    server.setsockopt(zmq.CURVE_SERVER, 1)
    server.setsockopt(zmq.CURVE_SECRETKEY, secret)
    server.setsockopt(zmq.LINGER, 0)
    try:
        server.bind(f"tcp://{config.host}:{config.port}")
    except zmq.ZMQError as exc:
        server.close()
        if exc.errno == zmq.EADDRINUSE:
            raise PortInUseError(
                f"port {config.port} on {config.host}, for load workers, is taken by another process",
                hint="choose another --master-bind-port",
            ) from exc
        raise UsageError(
            f"load workers cannot be listened for on {config.host}:{config.port}: {exc}",
            hint="--master-bind-host is an address of this machine",
        ) from exc
    return server
