"""`floodgate up --stay`: a stack in the foreground, until it is told to end or a part of it has."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from typing import NoReturn
from urllib.parse import urlsplit

from harness.aws import client, translated
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, StackLostError
from harness.stack import lifecycle
from harness.stack.description import StackDescription
from harness.stack.kept_usage import UsageTeller
from harness.stack.state import StackState

LOOK_S = 1.0
"""How often the stack's own processes are looked at."""
ASK_S = 5.0
"""How often an engine is asked that somebody else runs; the others are parts of the stack."""
_REFUSALS = 3
"""So many times in a row nobody listens where the engine was: it has gone. One that is slow has not."""
_CONNECT_TIMEOUT_S = 5.0
_FORGOTTEN = frozenset({"404", "NoSuchBucket"})


def keep(
    description: StackDescription,
    *,
    look_s: float = LOOK_S,
    ask_s: float = ASK_S,
    sleep: Callable[[float], None] = time.sleep,
) -> NoReturn:
    """Watch the stack until an exception ends it, `KeyboardInterrupt` among them.

    :raises StackNotFoundError: another process has taken it down
    :raises StackLostError: a part of the stack has ended, or the engine has forgotten the pipeline
    """
    teller = UsageTeller(StackState(description.name).folder)
    try:
        _watch(description, teller, look_s, ask_s, sleep)
    finally:
        teller.close()


def _watch(
    description: StackDescription,
    teller: UsageTeller,
    look_s: float,
    ask_s: float,
    sleep: Callable[[float], None],
) -> NoReturn:
    probe = EngineProbe(description) if description.engine.mode == "url" else None
    since_s = 0.0
    while True:
        if dead := lifecycle.is_alive(description.name):
            raise StackLostError(f"{' and '.join(dead)} of the stack {description.name!r} no longer runs")
        if probe is not None and since_s >= ask_s:
            probe.ask()
            since_s = 0.0
        with contextlib.suppress(OSError):  # on a full disk the figures stay as they were
            teller.tell()
        sleep(look_s)
        since_s += look_s


class EngineProbe:
    """Asks whether the engine is still the one that has the pipeline."""

    def __init__(self, description: StackDescription) -> None:
        self._engine, self._bucket = description.engine, description.buckets["source"]
        self._s3 = client("s3", description.engine)
        self._refused = 0

    def ask(self) -> None:
        """Ask once.

        :raises StackLostError: nobody listens any more, or the source bucket is gone
        """
        if not _listens(self._engine):
            self._refused += 1
            if self._refused >= _REFUSALS:
                raise StackLostError(f"the engine at {self._engine.endpoint_url} has gone")
            return
        self._refused = 0
        try:
            with translated("looking for the source bucket"):
                self._s3.head_bucket(Bucket=self._bucket)
        except AwsError as exc:
            if exc.code in _FORGOTTEN:
                raise StackLostError(
                    f"the engine at {self._engine.endpoint_url} no longer has the bucket {self._bucket}: "
                    "was it started again?"
                ) from exc
        except StackLostError:
            return  # no answer in time: the engine is busy


def _listens(engine: EngineInfo) -> bool:
    place = urlsplit(engine.endpoint_url)
    port = place.port or (443 if place.scheme == "https" else 80)
    try:
        socket.create_connection((place.hostname or "", port), _CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    return True
