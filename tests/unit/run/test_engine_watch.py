"""When a run notices that its engine's container has died."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from harness.engines.base import Engine, EngineInfo
from harness.exceptions import EnvironmentNotReadyError
from harness.run.engine_watch import EngineWatch

pytestmark = pytest.mark.unit


class Container:
    """An engine that is asked whether it runs."""

    def __init__(self) -> None:
        self.runs = True
        self.asked = 0

    def is_running(self) -> bool:
        self.asked += 1
        return self.runs


class WithoutDocker(Container):
    """Nobody can be asked any more."""

    def is_running(self) -> bool:
        raise EnvironmentNotReadyError("the Docker Engine is not running")


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def watch(engine: Container, clock: Clock) -> EngineWatch:
    return EngineWatch(cast(Engine, engine), every_s=2.0, clock=clock)


def test_a_dead_container_is_noticed_at_the_next_look_and_stays_dead() -> None:
    engine, clock = Container(), Clock()
    watched = watch(engine, clock)
    assert not watched.has_died()
    engine.runs = False
    assert not watched.has_died()
    clock.now_s = 2.0
    assert watched.has_died()
    engine.runs = True
    clock.now_s = 10.0
    assert watched.has_died()


def test_docker_is_not_asked_at_every_step_of_a_run() -> None:
    engine, clock = Container(), Clock()
    watched = watch(engine, clock)
    for step in range(8):
        clock.now_s = step * 0.5
        watched.has_died()
    assert engine.asked == 2


def test_an_engine_whose_docker_has_gone_is_dead() -> None:
    assert watch(WithoutDocker(), Clock()).has_died()


def test_an_engine_with_a_process_of_its_own_is_watched_like_the_others(tmp_path: Path) -> None:
    host = EngineInfo("localstack", "host", "4.9.2", "http://127.0.0.1:1")
    assert not EngineWatch.of(host, tmp_path).has_died()
