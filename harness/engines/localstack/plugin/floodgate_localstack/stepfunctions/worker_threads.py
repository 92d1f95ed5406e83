"""Threads that run one job after the other. Imports nothing of LocalStack."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

IDLE_THREADS_KEPT = 64

Job = Callable[[], object]


class WorkerThreads:
    """Runs each job at once, in a thread that is idle or in a new one: no job waits for another.

    :param kept: idle threads that are kept for the next job; those above end
    """

    def __init__(self, kept: int = IDLE_THREADS_KEPT) -> None:
        self._idle: deque[SimpleQueue[Job]] = deque()
        self._kept = kept

    def run(self, job: Job) -> None:
        """Run `job` in another thread. It must handle its own errors; one that escapes ends that thread."""
        try:
            jobs = self._idle.pop()
        except IndexError:
            jobs = SimpleQueue()
            threading.Thread(target=self._work, args=(jobs,), name="floodgate-sfn", daemon=True).start()
        jobs.put(job)

    def _work(self, jobs: SimpleQueue[Job]) -> None:
        while True:
            jobs.get()()
            if len(self._idle) >= self._kept:
                return
            self._idle.append(jobs)


WORKERS = WorkerThreads()
"""The threads of this process."""


class ReusedThread:
    """The part of `threading.Thread` that Step Functions uses, on a thread of `WORKERS`."""

    def __init__(self, target: Callable[..., object], args: tuple[Any, ...] = (), **_options: Any) -> None:
        self._job = (lambda: target(*args)) if args else target

    def start(self) -> None:
        """Run the target in another thread."""
        WORKERS.run(self._job)


class NoThreads(list[Any]):
    """In place of LocalStack's list of threads, which grows with each execution and never shrinks."""

    def append(self, _thread: Any) -> None:
        """Keep nothing: the threads here are daemons, and nobody waits for their end."""
