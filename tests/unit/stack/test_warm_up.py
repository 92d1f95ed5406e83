"""How long a stack waits for the functions' first environments."""

from __future__ import annotations

import pytest

from harness.engines.base import EngineInfo
from harness.engines.localstack.functions import LambdaEnvironments
from harness.engines.registry import lambda_environments
from harness.stack import warm_up

pytestmark = pytest.mark.unit

ENGINE = EngineInfo("localstack", "host", "4.9.2", "http://127.0.0.1:1")


class Environments:
    """As many are pending as the list says, answer after answer; the last answer stays."""

    def __init__(self, *pending: int) -> None:
        self._pending = list(pending)
        self.asked = 0

    def __call__(self, engine: EngineInfo) -> LambdaEnvironments | None:
        self.asked += 1
        pending = self._pending.pop(0) if len(self._pending) > 1 else self._pending[0]
        return LambdaEnvironments(pending=pending, starting=0, idle=0, busy=0)


def test_it_waits_until_none_is_pending() -> None:
    said: list[str] = []
    read = Environments(4, 1, 0)
    warm_up.wait(ENGINE, said.append, read=read)
    assert read.asked == 3
    assert said == ["Functions: starting their first environments"]


def test_where_all_are_there_it_says_nothing() -> None:
    said: list[str] = []
    warm_up.wait(ENGINE, said.append, read=Environments(0))
    assert said == []


def test_it_does_not_wait_for_ever() -> None:
    said: list[str] = []
    warm_up.wait(ENGINE, said.append, read=Environments(3), longest_wait_s=0.0)
    assert said[-1] == "Functions: 3 environments are not ready; going on without them"


def test_another_engine_starts_none_ahead_of_time() -> None:
    other = EngineInfo("url", "url", "unknown", "http://127.0.0.1:1")
    assert lambda_environments(other) is None
    warm_up.wait(other, print)
