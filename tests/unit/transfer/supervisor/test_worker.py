"""How many workers start at once; a real start is in the integration tests."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from harness.exceptions import EngineStartError
from harness.transfer.supervisor.worker import Worker

pytestmark = pytest.mark.unit


class Starting(Worker):
    """Notes that it starts, and serves when it is told that it does."""

    def __init__(self, name: str, folder: Path, starts: asyncio.Semaphore) -> None:
        super().__init__(name, folder, {}, 3, starts=starts)
        self.begun, self.served = asyncio.Event(), asyncio.Event()

    async def _start(self, timeout_s: float) -> dict[str, Any]:
        self.begun.set()
        await self.served.wait()
        return {"worker": self.name}


async def _let_run() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_no_more_workers_start_at_once_than_may(tmp_path: Path) -> None:
    async def scene() -> None:
        starts = asyncio.Semaphore(2)
        workers = [Starting(f"w{number}", tmp_path, starts) for number in range(3)]
        tasks = [asyncio.create_task(worker.start()) for worker in workers]
        await _let_run()
        assert [worker.begun.is_set() for worker in workers] == [True, True, False]
        workers[0].served.set()
        await asyncio.wait_for(workers[2].begun.wait(), 10)
        for worker in workers:
            worker.served.set()
        assert [told["worker"] for told in await asyncio.gather(*tasks)] == ["w0", "w1", "w2"]

    asyncio.run(scene())


def test_one_that_is_told_to_end_before_its_turn_never_starts(tmp_path: Path) -> None:
    async def scene() -> None:
        starts = asyncio.Semaphore(1)
        first, second = Starting("first", tmp_path, starts), Starting("second", tmp_path, starts)
        tasks = [asyncio.create_task(worker.start()) for worker in (first, second)]
        await _let_run()
        second.stop()
        first.served.set()
        await tasks[0]
        with pytest.raises(EngineStartError, match="told to end"):
            await tasks[1]
        assert not second.begun.is_set()

    asyncio.run(scene())


def test_without_room_for_its_files_it_does_not_start(tmp_path: Path) -> None:
    """Its crew tries again later, and must not end of it."""
    worker = Worker("w1", tmp_path / "gone", {}, 3)
    with pytest.raises(EngineStartError, match="cannot be started"):
        asyncio.run(worker.start())
