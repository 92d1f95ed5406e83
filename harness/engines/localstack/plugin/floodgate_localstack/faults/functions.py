"""What becomes of Lambda invocations. Imports nothing of LocalStack.

A kill needs to know where in an invocation its process is. It is told by the calls that the process makes: an
environment has credentials of its own and runs one invocation at a time, so that an access key id names both.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from floodgate_localstack.faults.layer import LAYER, FaultLayer
from floodgate_localstack.faults.rules import Rule

WRITES = frozenset({"PutObject", "CopyObject", "CompleteMultipartUpload"})
"""Operations of S3 that make an object."""
T = TypeVar("T")


class Runtime(Protocol):
    """The process that runs an invocation."""

    access_key_id: str

    def kill_process(self) -> None:
        """Kill it; the invocation ends as AWS's do when the runtime crashes."""


class InjectedThrottleError(Exception):
    """The invocation is to be refused as one above the limit of concurrency."""


class InjectedFailureError(Exception):
    """The invocation is to fail without having run."""

    def payload(self) -> bytes:
        """Return what Lambda answers for a handler that raised."""
        return json.dumps(
            {"errorMessage": str(self), "errorType": "InjectedFault", "stackTrace": []}
        ).encode()


@dataclass(eq=False)
class Doomed:
    """An invocation whose process will be killed; `ended` once it has, or has ended by itself."""

    runtime: Runtime
    after_write: bool
    ended: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def kill(self) -> None:
        """Kill its process, unless the process runs the next invocation by now."""
        with self.lock:
            if not self.ended:
                self.ended = True
                self.runtime.kill_process()

    def survive(self) -> None:
        with self.lock:
            self.ended = True


class FunctionFaults:
    """Runs invocations, as the rules have it.

    `doomed` holds, by access key id, those that are to be killed at one of their calls.
    """

    def __init__(self, layer: FaultLayer) -> None:
        self._layer = layer
        self.doomed: dict[str, Doomed] = {}

    def run(self, function: str, runtime: Runtime, invoke: Callable[[], T]) -> T:
        """Return what `invoke` does.

        :raises InjectedThrottleError, InjectedFailureError: instead of calling it
        """
        kill: Rule | None = None
        for rule in self._layer.functions:
            if rule.meets_function(function) and rule.hit():
                kill = rule if _before(rule) else kill
        return invoke() if kill is None else self._run_doomed(kill, runtime, invoke)

    def on_call(self, access_key_id: str) -> bool:
        """Kill the invocation that makes this call, if it is to die at its first one; tell whether so."""
        doomed = self.doomed.get(access_key_id)
        if doomed is None or doomed.after_write:
            return False
        doomed.kill()
        return True

    def on_written(self, access_key_id: str) -> None:
        """Kill the invocation that has just made an object, if it is to die then."""
        doomed = self.doomed.get(access_key_id)
        if doomed is not None and doomed.after_write:
            doomed.kill()

    def _run_doomed(self, rule: Rule, runtime: Runtime, invoke: Callable[[], T]) -> T:
        doomed = Doomed(runtime, rule.spec.after_write)
        timer = threading.Timer(rule.spec.seconds or 0.0, doomed.kill)
        timer.daemon = True
        if rule.spec.seconds is not None:
            timer.start()
        else:
            self.doomed[runtime.access_key_id] = doomed
        try:
            return invoke()
        finally:
            timer.cancel()
            self.doomed.pop(runtime.access_key_id, None)
            doomed.survive()


def _before(rule: Rule) -> bool:
    """Do what a rule does before the invocation; return whether it is to be killed in it."""
    effect = rule.spec.effect
    if effect == "throttle":
        raise InjectedThrottleError(rule.spec.text)
    if effect == "error":
        raise InjectedFailureError(f"injected by {rule.spec.text}")
    if effect == "delay":
        time.sleep(rule.spec.seconds or 0.0)
    return effect == "kill"


FUNCTION_FAULTS = FunctionFaults(LAYER)
"""Those of this LocalStack."""
