"""`floodgate serve --worker`: waits in a service's lobby, and works for each run that it is called to."""

from __future__ import annotations

import json
import time
import uuid
from types import TracebackType
from typing import Any

import zmq

from harness.exceptions import EnvironmentNotReadyError
from harness.exit_codes import ExitCode
from harness.load.distributed.hosts import master_host
from harness.load.distributed.keys import secret_key_of
from harness.load.distributed.token import TOKEN_ENV, token_of_environment
from harness.run.worker_process import work_for
from harness.service.voice import say

_EVERY_S = 1.0
_SILENT_S = 15.0
"""After so long without an answer the worker says so."""
_JOIN_WITHIN_S = 30.0
"""How long the master of a run that calls may take to answer."""
_CHECK_WITHIN_S = 5.0
HERE, LOOKING = b"here", b"looking"
"""`looking`: only asks whether the service answers, and is not to be called."""


class Visit:
    """The worker's end of the talk with the lobby; a context manager.

    :raises UsageError: there is no token, or the host is none
    """

    def __init__(self, host: str, port: int) -> None:
        server_key = zmq.curve_public(secret_key_of(token_of_environment()))
        public, secret = zmq.curve_keypair()
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.CURVE_SERVERKEY, server_key)
        self._socket.setsockopt(zmq.CURVE_PUBLICKEY, public)
        self._socket.setsockopt(zmq.CURVE_SECRETKEY, secret)
        self._socket.setsockopt(zmq.IDENTITY, uuid.uuid4().bytes)
        self._socket.setsockopt(zmq.LINGER, 0)
        # Nothing is kept for later: what a worker says is true only now.
        self._socket.setsockopt(zmq.IMMEDIATE, 1)
        with master_host(host):
            try:
                self._socket.connect(f"tcp://{host}:{port}")
            except zmq.ZMQError:
                self._socket.close()
                raise

    def __enter__(self) -> Visit:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask(self, what: bytes = HERE, within_s: float = _EVERY_S) -> dict[str, Any] | None:
        """Say something, and return the answer; `None` when there is none in time."""
        try:
            self._socket.send(what, zmq.NOBLOCK)
        except zmq.Again:  # not connected
            time.sleep(min(within_s, _EVERY_S))
            return None
        if not self._socket.poll(int(within_s * 1000)):
            return None
        answer: dict[str, Any] = json.loads(self._socket.recv())
        return answer


def attend(host: str, port: int) -> ExitCode:
    """Work for one run after the other, until Ctrl-C.

    :raises UsageError: there is no token
    """
    done: str | None = None
    try:
        with Visit(host, port) as visit:
            say(f"a load worker for the service at {host}:{port}")
            silence = _Silence(host, port)
            while True:
                answer = visit.ask()
                silence.note(answer is not None)
                if answer is not None and answer["run"] not in (None, done):
                    done = answer["run"]
                    _work(host, answer["port"], done)
                    silence = _Silence(host, port)  # nothing was asked meanwhile
                elif answer is not None:
                    time.sleep(_EVERY_S)
    except KeyboardInterrupt:
        return ExitCode.PASSED


def check(host: str, port: int) -> ExitCode:
    """Return whether the service answers those who know the token.

    :raises EnvironmentNotReadyError: it does not
    """
    deadline = time.monotonic() + _CHECK_WITHIN_S
    with Visit(host, port) as visit:
        while time.monotonic() < deadline:
            if visit.ask(LOOKING) is not None:
                return ExitCode.PASSED
    raise EnvironmentNotReadyError(
        f"no service answers at {host}:{port}",
        hint=f"start it: floodgate serve; both need the same {TOKEN_ENV}",
    )


def _work(host: str, port: int, run: str | None) -> None:
    say(f"called to {run}")
    code = work_for(host, port, _JOIN_WITHIN_S)
    say(f"{run} is done" if code is ExitCode.PASSED else f"{run} ended for this worker with exit code {code}")


class _Silence:
    """Says once that nobody answers, and once that somebody does again."""

    def __init__(self, host: str, port: int) -> None:
        self._place = f"{host}:{port}"
        self._heard_at, self._told = time.monotonic(), False

    def note(self, answered: bool) -> None:
        if answered:
            if self._told:
                say(f"the service at {self._place} answers")
            self._heard_at, self._told = time.monotonic(), False
        elif not self._told and time.monotonic() - self._heard_at > _SILENT_S:
            say(f"no service answers at {self._place}; it needs the same {TOKEN_ENV}; still looking")
            self._told = True
