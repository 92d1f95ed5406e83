"""CPU and memory of an engine whose processes are a container's."""

from __future__ import annotations

import pytest

from harness.engines.base import Usage
from harness.exceptions import StackLostError
from harness.measure.resources import ResourceSampler

pytestmark = pytest.mark.unit


class Engine:
    """Tells what it is given; None: it does not answer."""

    def __init__(self) -> None:
        self.told: dict[str, Usage] | None = None

    def usage(self) -> dict[str, Usage]:
        if self.told is None:
            raise StackLostError("no answer")
        return self.told

    def tell(self, engine_s: float, functions_s: float) -> None:
        self.told = {"engine": Usage(engine_s, 2**20), "functions": Usage(functions_s, 3 * 2**20, 3)}


def test_what_the_engine_used_before_the_first_look_does_not_count() -> None:
    engine = Engine()
    sampler = ResourceSampler(lambda: [], usage=engine.usage)
    engine.tell(10.0, 20.0)
    sampler.look()
    engine.tell(11.5, 20.25)
    sampler.look()
    used = {role: (use.cpu_s, use.rss_max_mib) for role, use in sampler.use.items()}
    assert used == {"engine": (1.5, 1.0), "functions": (0.25, 3.0)}


def test_an_engine_that_does_not_answer_for_a_while_is_not_counted_twice() -> None:
    engine = Engine()
    sampler = ResourceSampler(lambda: [], usage=engine.usage)
    engine.tell(10.0, 20.0)
    sampler.look()
    engine.told = None
    sampler.look()
    engine.tell(11.0, 20.0)
    sampler.look()
    assert sampler.use["engine"].cpu_s == 1.0
    assert [sample.rss_mib for sample in sampler.use["engine"].samples] == [1.0, 1.0, 1.0]


def test_an_engine_that_answers_late_is_counted_from_its_first_answer() -> None:
    engine = Engine()
    sampler = ResourceSampler(lambda: [], usage=engine.usage)
    sampler.look()
    engine.tell(3600.0, 20.0)
    sampler.look()
    engine.tell(3601.0, 20.0)
    sampler.look()
    assert sampler.use["engine"].cpu_s == 1.0


def test_a_role_that_comes_later_or_is_missing_for_a_while_changes_nothing_for_the_others() -> None:
    engine = Engine()
    sampler = ResourceSampler(lambda: [], usage=engine.usage)
    for told in (
        {"engine": Usage(10.0, 1), "sftp": Usage(50.0, 1)},
        {"engine": Usage(11.0, 1), "functions": Usage(7.0, 1), "sftp": Usage(52.0, 1)},
        {"engine": Usage(12.0, 1), "functions": Usage(7.5, 1)},
        {"engine": Usage(13.0, 1), "functions": Usage(8.0, 1), "sftp": Usage(53.0, 1)},
    ):
        engine.told = told
        sampler.look()
    assert {role: use.cpu_s for role, use in sampler.use.items()} == {
        "engine": 3.0,
        "functions": 1.0,
        "sftp": 3.0,
    }
