"""Which processes descend from which, at a bearable price.

`psutil.Process.children` reads every process of the machine, and does so again for each parent it is asked
about. Here one reading serves all parents, for a while.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

import psutil

READ_EVERY_S = 2.0
"""How late a new process may be noticed. Its CPU counts whole all the same, when it still runs by then."""


class ProcessTree:
    """All processes of the machine by their parent."""

    def __init__(self, every_s: float = READ_EVERY_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s = every_s
        self._clock = clock
        self._read_at = float("-inf")
        self._children: dict[int, list[psutil.Process]] = {}

    def descendants(self, pid: int) -> list[psutil.Process]:
        """Return children, their children and so on, parents first; some may have ended meanwhile."""
        if self._clock() - self._read_at >= self._every_s:
            self._read()
        found: list[psutil.Process] = []
        waiting = [pid]
        while waiting:
            children = self._children.get(waiting.pop(), [])
            found += children
            waiting += [child.pid for child in children]
        return found

    def _read(self) -> None:
        children: defaultdict[int, list[psutil.Process]] = defaultdict(list)
        for process in psutil.process_iter(["ppid"]):
            parent = process.info["ppid"]
            if parent != process.pid:  # as the kernel is on some systems
                children[parent].append(process)
        self._children = dict(children)
        self._read_at = self._clock()
