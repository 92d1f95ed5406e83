"""Functions made for a test, and what came of invoking them."""

from __future__ import annotations

import base64
import io
import json
import textwrap
import time
import uuid
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psutil

WAIT_S = 30.0


@dataclass(frozen=True)
class Invoked:
    """One answer of the Invoke API."""

    payload: Any
    error: str | None
    log: str


class TestFunction:
    """A deployed function of one module `app`, removed by `delete`."""

    __test__ = False

    def __init__(self, client: Any, source: str, **config: Any) -> None:
        self.name = f"fn-{uuid.uuid4().hex[:12]}"
        self.log_group = f"/aws/lambda/{self.name}"
        self.exists = True
        self._client = client
        arguments = {
            "Runtime": "python3.11",
            "Role": "arn:aws:iam::000000000000:role/test",
            "Handler": "app.handler",
            "Timeout": 10,
            **config,
        }
        client.create_function(FunctionName=self.name, Code={"ZipFile": zipped(source)}, **arguments)
        wait_until(lambda: self.configuration()["State"] != "Pending", f"{self.name} is made")

    def configuration(self) -> dict[str, Any]:
        configuration: dict[str, Any] = self._client.get_function_configuration(FunctionName=self.name)
        return configuration

    def invoke(self, payload: Any = None) -> Invoked:
        answer = self._client.invoke(
            FunctionName=self.name, Payload=json.dumps(payload or {}), LogType="Tail"
        )
        log = base64.b64decode(answer["LogResult"]).decode()
        return Invoked(json.loads(answer["Payload"].read()), answer.get("FunctionError"), log)

    def invoke_together(self, payloads: list[Any]) -> list[Invoked | Exception]:
        """Invoke at once from as many threads, and return answers and exceptions in order."""
        with ThreadPoolExecutor(len(payloads)) as pool:
            futures = [pool.submit(self.invoke, payload) for payload in payloads]
        outcomes: list[Invoked | Exception] = []
        for future in futures:
            error = future.exception()
            outcomes.append(error if isinstance(error, Exception) else future.result())
        return outcomes

    def update(self, source: str) -> None:
        self._client.update_function_code(FunctionName=self.name, ZipFile=zipped(source))
        self._client.get_waiter("function_updated_v2").wait(FunctionName=self.name, WaiterConfig={"Delay": 1})

    def delete(self) -> None:
        self._client.delete_function(FunctionName=self.name)
        self.exists = False


def zipped(source: str) -> bytes:
    """A zip with the module `app`."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("app.py", textwrap.dedent(source))
    return target.getvalue()


def is_running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait for a condition; fail with `what` after WAIT_S."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {WAIT_S:.0f} s: {what}"
        time.sleep(0.05)
