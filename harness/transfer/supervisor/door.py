"""One port of a server, and the crew that serves it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.transfer.supervisor.crew import Crew
from harness.transfer.supervisor.listening import Listening
from harness.transfer.supervisor.worker import Worker


@dataclass(frozen=True)
class Plan:
    """What is behind a door.

    :param name: of the workers, with their numbers behind it
    :param module: that they run
    :param folder: gets their files
    :param settings: of the worker of a number, counted from 1
    :param port: 0 takes a free one
    """

    name: str
    module: str
    folder: Path
    settings: Callable[[int], dict[str, Any]]
    workers: int
    host: str
    port: int
    starts: asyncio.Semaphore
    """Shared by all workers: so many of them may be starting at once."""
    advertise_host: str | None = None
    """By what name clients find `host`; None: by `host` itself."""

    @property
    def told_host(self) -> str:
        """The host that clients are told of."""
        return self.advertise_host or self.host


class Door:
    """Opened and closed any number of times; its port stays the same.

    :param on_failure: called when workers die faster than they may be replaced
    :param on_successor: called when one has been replaced
    """

    def __init__(
        self, plan: Plan, on_failure: Callable[[], None], on_successor: Callable[[], None] = lambda: None
    ) -> None:
        self._plan = plan
        self._on_failure = on_failure
        self._on_successor = on_successor
        self._port = plan.port
        self._listening: Listening | None = None
        self._crew: Crew | None = None
        self._told: dict[str, Any] = {}
        self._generation = 0
        self._retiring: dict[Crew, asyncio.Task[None]] = {}

    @property
    def is_open(self) -> bool:
        return self._crew is not None

    @property
    def address(self) -> str:
        return f"{self._plan.told_host}:{self._port}"

    def endpoint(self) -> dict[str, Any] | None:
        """Return where it is, what its workers tell beside, and who they are; None while it is closed."""
        if self._crew is None:
            return None
        return {
            **self._told,
            "host": self._plan.told_host,
            "port": self._port,
            "workers": self._crew.pids,
        }

    async def open(self) -> None:
        """Have new workers serve the port. Where some do already, their sessions keep the old settings.

        :raises EnvironmentNotReadyError: the port is taken, or a worker does not start; what served before
            still does
        """
        if self._listening is None:
            self._listening = Listening(self._plan.host, self._port, self._plan.workers)
            self._port = self._listening.port
        crew = self._new_crew(self._listening)
        told = await crew.start()
        self._told = {name: value for name, value in told.items() if name != "pid"}
        old, self._crew = self._crew, crew
        if old is not None:
            self._retiring[old] = retirement = asyncio.create_task(old.retire())
            retirement.add_done_callback(lambda _: self._retiring.pop(old))

    async def close(self, grace_s: float) -> None:
        """Give the port up, let open uploads finish for a bounded time, end all workers."""
        crews = [*self._retiring, *([self._crew] if self._crew else [])]
        if self._listening is not None:
            self._listening.close()
        await asyncio.gather(*(crew.stop(grace_s) for crew in crews))
        await asyncio.gather(*self._retiring.values())
        self._listening = self._crew = None

    def _new_crew(self, listening: Listening) -> Crew:
        self._generation += 1
        generation = self._generation
        plan = self._plan

        def make(number: int) -> Worker:
            name = f"{plan.name}-{generation}-{number}"
            inherited = listening.socket_of(number).fileno()
            return Worker(
                name,
                plan.folder,
                plan.settings(number),
                inherited,
                module=plan.module,
                starts=plan.starts,
            )

        def failed() -> None:
            if crew is self._crew:
                self._on_failure()

        crew = Crew(make, plan.workers, failed, self._on_successor)
        return crew
