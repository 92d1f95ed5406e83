"""What ends `floodgate up --stay`, with time and the stack's parts made up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, StackLostError
from harness.stack import keeping, lifecycle
from harness.stack.description import StackDescription
from tests.unit.stack.test_state import description

pytestmark = pytest.mark.unit

ELSEWHERE = EngineInfo("localstack", "url", "4.14.0", "http://localstack:4566")


class Bucket:
    """S3 whose answer to HeadBucket is what a test wants."""

    def __init__(self, answer: Exception | None = None) -> None:
        self.answer = answer
        self.asked = 0

    def head_bucket(self, **_given: Any) -> None:
        self.asked += 1
        if self.answer is not None:
            raise self.answer


class Enough(Exception):  # noqa: N818  (no error: the test has seen enough)
    """Raised by the clock."""


def sleeper(rounds: int) -> Callable[[float], None]:
    """A clock that ends the watching after so many rounds."""
    left = [rounds]

    def sleep(_s: float) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Enough

    return sleep


@pytest.fixture(autouse=True)
def alive(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The dead parts of the stack: none at first."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    dead: list[str] = []
    monkeypatch.setattr(lifecycle, "is_alive", lambda _name: dead)
    return dead


def engine_of(monkeypatch: pytest.MonkeyPatch, bucket: Bucket, *, listens: bool = True) -> StackDescription:
    monkeypatch.setattr(keeping, "client", lambda *_args: bucket)
    monkeypatch.setattr(keeping, "_listens", lambda _engine: listens)
    return replace(description("demo"), engine=ELSEWHERE)


def test_a_healthy_stack_is_kept_and_its_engine_asked_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Bucket()
    with pytest.raises(Enough):
        keeping.keep(engine_of(monkeypatch, bucket), sleep=sleeper(16))
    assert bucket.asked == 3


def test_a_dead_part_ends_it(alive: list[str]) -> None:
    alive.append("sftp")
    with pytest.raises(StackLostError, match="sftp of the stack 'demo' no longer runs"):
        keeping.keep(description("demo"), sleep=sleeper(9))


def test_an_engine_of_its_own_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "client", None)
    with pytest.raises(Enough):
        keeping.keep(description("demo"), sleep=sleeper(30))


def test_an_engine_that_is_gone_ends_it_not_at_the_first_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = engine_of(monkeypatch, Bucket(), listens=False)
    with pytest.raises(Enough):
        keeping.keep(stack, sleep=sleeper(12))
    with pytest.raises(StackLostError, match="has gone"):
        keeping.keep(stack, sleep=sleeper(30))


def test_an_engine_that_has_forgotten_the_bucket_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = engine_of(monkeypatch, Bucket(AwsError("no such bucket", code="404")))
    with pytest.raises(StackLostError, match="no longer has the bucket a: was it started again"):
        keeping.keep(stack, sleep=sleeper(30))


@pytest.mark.parametrize(
    "answer", [StackLostError("no answer in time"), AwsError("slow down", code="503")], ids=["slow", "busy"]
)
def test_an_engine_that_is_busy_does_not(monkeypatch: pytest.MonkeyPatch, answer: Exception) -> None:
    with pytest.raises(Enough):
        keeping.keep(engine_of(monkeypatch, Bucket(answer)), sleep=sleeper(60))
