"""The workers that serve a server with the same settings, kept alive until they are told to go."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from harness.exceptions import EngineStartError
from harness.transfer.supervisor.worker import Worker

MAX_DEATHS = 5
"""So many workers of a crew may die within `DEATHS_WITHIN_S`; one more, and the crew has failed."""
DEATHS_WITHIN_S = 60.0
_RESTART_DELAYS_S = (0.0, 0.2, 0.5, 1.0, 2.0)
_log = logging.getLogger(__name__)

MakeWorker = Callable[[int], Worker]
"""Takes the worker's number, counted from 1."""


class Crew:
    """`count` workers.

    :param on_failure: called when workers die faster than they may be replaced
    :param on_successor: called when one has been replaced
    :param now: seconds of a clock that only goes forward
    """

    def __init__(
        self,
        make: MakeWorker,
        count: int,
        on_failure: Callable[[], None],
        on_successor: Callable[[], None] = lambda: None,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = make
        self._count = count
        self._on_failure = on_failure
        self._on_successor = on_successor
        self._now = now
        self._workers: dict[int, Worker] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._deaths: deque[float] = deque()
        self._is_leaving = False

    @property
    def pids(self) -> list[int]:
        return [worker.pid for worker in self._workers.values() if worker.pid is not None]

    async def start(self) -> dict[str, Any]:
        """Start all workers, side by side; return what the first of them tells when all serve.

        :raises EngineStartError: one does not start; the others have been ended then
        """
        numbers = range(1, self._count + 1)
        self._workers = {number: self._make(number) for number in numbers}
        starts = [asyncio.ensure_future(worker.start()) for worker in self._workers.values()]
        try:
            told = await asyncio.gather(*starts)
        except BaseException:
            await self._give_up(starts)
            raise
        self._keepers = [asyncio.create_task(self._keep(number)) for number in numbers]
        return told[0]

    async def retire(self) -> None:
        """Let the workers end with their last sessions; return when all have gone."""
        await self._leave(lambda worker: worker.retire())

    async def stop(self, grace_s: float) -> None:
        """Let open uploads finish, then end; kill what is left after `grace_s`."""
        try:
            async with asyncio.timeout(grace_s):
                await self._leave(lambda worker: worker.stop())
        except TimeoutError:
            _log.warning("workers %s do not end: killed", ", ".join(map(str, self.pids)))
            await self._leave(lambda worker: worker.kill())

    async def _leave(self, tell: Callable[[Worker], None]) -> None:
        self._is_leaving = True
        for worker in self._workers.values():
            tell(worker)
        if self._keepers:
            await asyncio.wait(self._keepers)

    async def _give_up(self, starts: Sequence[asyncio.Future[dict[str, Any]]]) -> None:
        self._is_leaving = True
        for start in starts:
            start.cancel()
        for worker in self._workers.values():
            worker.kill()
        await asyncio.gather(*starts, return_exceptions=True)

    async def _keep(self, number: int) -> None:
        """Replace worker `number` whenever it ends without having been told to."""
        while True:
            worker = self._workers[number]
            code = await worker.ended()
            if self._is_leaving or worker.is_leaving:
                return
            _log.error("worker %s (process %s) died: %s", worker.name, worker.pid, _as_text(code))
            if not await self._replace(number):
                return

    async def _replace(self, number: int) -> bool:
        """Start a successor; return False when too many have died."""
        while True:
            deaths = self._count_death()
            if deaths > MAX_DEATHS:
                _log.error("%d workers died within %.0f s: no more are started", deaths, DEATHS_WITHIN_S)
                self._on_failure()
                return False
            await asyncio.sleep(_RESTART_DELAYS_S[deaths - 1])
            if self._is_leaving:
                return False
            successor = self._workers[number] = self._make(number)
            try:
                await successor.start()
            except EngineStartError as exc:
                _log.error("%s", exc.message)
            else:
                _log.info("worker %s serves again (process %s)", successor.name, successor.pid)
                self._on_successor()
                return True

    def _count_death(self) -> int:
        now = self._now()
        self._deaths.append(now)
        while self._deaths[0] < now - DEATHS_WITHIN_S:
            self._deaths.popleft()
        return len(self._deaths)


def _as_text(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
