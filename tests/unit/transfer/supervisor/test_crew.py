"""Workers that die are replaced, but not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from harness.exceptions import EngineStartError
from harness.transfer.supervisor import crew as crews
from harness.transfer.supervisor.crew import DEATHS_WITHIN_S, MAX_DEATHS, Crew

pytestmark = pytest.mark.unit


class FakeWorker:
    """Runs until it is told to end, or dies when a test says so."""

    def __init__(self, number: int) -> None:
        self.name = f"worker-{number}"
        self.pid = number
        self.is_leaving = False
        self.signals: list[str] = []
        self._end: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def start(self) -> dict[str, Any]:
        return {"worker": self.name}

    async def ended(self) -> int:
        return await self._end

    def die(self) -> None:
        self._end.set_result(-9)

    def _leave(self, how: str) -> None:
        self.is_leaving = True
        self.signals.append(how)
        if not self._end.done():
            self._end.set_result(0)

    def retire(self) -> None:
        self._leave("retire")

    def stop(self) -> None:
        self._leave("stop")

    def kill(self) -> None:
        self._leave("kill")


class DoesNotStart(FakeWorker):
    async def start(self) -> dict[str, Any]:
        raise EngineStartError("it ended while starting")


class DoesNotEnd(FakeWorker):
    def stop(self) -> None:
        self.signals.append("stop")


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Rig:
    """A crew of fakes. Its workers are kept in the order in which they were made."""

    def __init__(self, count: int, kind: Callable[[int], FakeWorker] = FakeWorker) -> None:
        self.made: list[FakeWorker] = []
        self.failures = 0
        self.clock = Clock()
        self.kind = kind
        self.crew = Crew(self._make, count, self._fail, now=self.clock)  # type: ignore[arg-type]

    def _make(self, number: int) -> FakeWorker:
        self.made.append(self.kind(number))
        return self.made[-1]

    def _fail(self) -> None:
        self.failures += 1


async def turns(count: int = 20) -> None:
    """Let every task that can go on do so."""
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def _no_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crews, "_RESTART_DELAYS_S", (0.0,) * MAX_DEATHS)


def test_a_worker_that_dies_is_replaced_and_the_others_stay() -> None:
    async def scenario() -> None:
        rig = Rig(2)
        assert await rig.crew.start() == {"worker": "worker-1"}
        rig.made[0].die()
        await turns()
        assert [worker.name for worker in rig.made] == ["worker-1", "worker-2", "worker-1"]
        await rig.crew.stop(1.0)
        assert [worker.signals for worker in rig.made] == [[], ["stop"], ["stop"]]

    asyncio.run(scenario())


def test_workers_that_die_again_and_again_are_given_up() -> None:
    async def scenario() -> None:
        rig = Rig(1)
        await rig.crew.start()
        for _ in range(MAX_DEATHS):
            rig.made[-1].die()
            await turns()
        assert rig.failures == 0
        rig.made[-1].die()
        await turns()
        assert rig.failures == 1
        assert len(rig.made) == 1 + MAX_DEATHS
        await rig.crew.stop(1.0)

    asyncio.run(scenario())


def test_deaths_of_long_ago_do_not_count() -> None:
    async def scenario() -> None:
        rig = Rig(1)
        await rig.crew.start()
        for _ in range(3 * MAX_DEATHS):
            rig.made[-1].die()
            await turns()
            rig.clock.now_s += DEATHS_WITHIN_S
        assert rig.failures == 0
        await rig.crew.stop(1.0)

    asyncio.run(scenario())


def test_a_successor_that_does_not_start_counts_as_dead() -> None:
    async def scenario() -> None:
        rig = Rig(1)
        await rig.crew.start()
        rig.kind = DoesNotStart
        rig.made[-1].die()
        await turns(100)
        assert rig.failures == 1
        await rig.crew.stop(1.0)

    asyncio.run(scenario())


def test_when_one_does_not_start_the_others_are_ended() -> None:
    async def scenario() -> None:
        rig = Rig(3, lambda number: (DoesNotStart if number == 2 else FakeWorker)(number))
        with pytest.raises(EngineStartError):
            await rig.crew.start()
        assert [worker.signals for worker in rig.made] == [["kill"]] * 3

    asyncio.run(scenario())


def test_a_worker_that_was_told_to_go_is_not_replaced() -> None:
    async def scenario() -> None:
        rig = Rig(2)
        await rig.crew.start()
        await rig.crew.retire()
        assert [worker.signals for worker in rig.made] == [["retire"], ["retire"]]

    asyncio.run(scenario())


def test_workers_that_do_not_end_in_time_are_killed() -> None:
    async def scenario() -> None:
        rig = Rig(1, DoesNotEnd)
        await rig.crew.start()
        await rig.crew.stop(0.01)
        assert rig.made[0].signals == ["stop", "kill"]

    asyncio.run(scenario())
