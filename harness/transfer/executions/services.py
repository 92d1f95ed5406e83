"""What steps use: the engine's AWS API, and the answers of functions."""

from __future__ import annotations

import threading
import time
from typing import Any

from botocore.config import Config

from harness import aws
from harness.engines.base import EngineInfo
from harness.transfer.store import TransferStore

_POLL_S = 0.1
_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 2})


class Services:
    """Shared by all executions; its methods may be called from any thread."""

    def __init__(self, engine: EngineInfo, store: TransferStore) -> None:
        self._engine = engine
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self.store = store
        self.stopping = threading.Event()

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """Make one AWS call.

        :raises FloodgateError: it failed
        """
        with aws.translated(f"a workflow's {operation}"):
            answer: dict[str, Any] = getattr(self._client(service), operation)(**arguments)
        return answer

    def _client(self, service: str) -> Any:
        """Made when first needed: most servers have no workflows."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = aws.client(service, self._engine, config=_CONFIG)
            return self._clients[service]

    def wait_for_step(self, token: str, timeout_s: float) -> str | None:
        """Return what SendWorkflowStepState said of the token; None when nothing came in time."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if state := self.store.step_state(token):
                return state.Status
            if self.stopping.wait(_POLL_S):
                return None
        return None
