"""Lambda functions and mappings for tests, made from source text."""

from __future__ import annotations

import io
import textwrap
import time
import zipfile
from collections.abc import Callable
from typing import Any

_ROLE = "arn:aws:iam::000000000000:role/test"
_DEADLINE_S = 60.0


def create_function(client: Any, name: str, source: str, *, timeout_s: int = 30, **more: Any) -> str:
    """Create a Python function `handler.handler` and wait until it is active; return its ARN."""
    answer = client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="handler.handler",
        Role=_ROLE,
        Timeout=timeout_s,
        MemorySize=128,
        Code={"ZipFile": _zipped(textwrap.dedent(source))},
        **more,
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return str(answer["FunctionArn"])


def _zipped(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", source)
    return buffer.getvalue()


def wait_for_state(client: Any, mapping_id: str, state: str) -> None:
    eventually(lambda: client.get_event_source_mapping(UUID=mapping_id)["State"] == state)


def eventually(condition: Callable[[], bool], deadline_s: float = _DEADLINE_S) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
