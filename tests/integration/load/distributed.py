"""A master and its workers, each a process of its own, beside the servers of `conftest`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.load.conftest import DEADLINE_S, TOKEN, Bench, Load, SftpServer


@dataclass
class Fleet:
    """Starts a master and workers that share a token."""

    bench: Bench
    master: Load | None = None
    workers: list[Load] = field(default_factory=list)
    _started: int = 0

    def start(self, server: SftpServer, scenario: str, workers: int, **changes: Any) -> Load:
        """Start the master and return it; workers come later."""
        place = {"workers": workers, "wait_s": DEADLINE_S} | changes.pop("place", {})
        self.master = self.bench.load(server, scenario, master=place, **changes)
        return self.master

    @property
    def folder(self) -> Path:
        assert self.master is not None
        return self.master.ledger_file.parent

    def told(self) -> dict[str, Any]:
        """What the master tells of itself; empty before it listens."""
        file = self.folder / "master.json"
        content: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        return content

    def states(self) -> list[str]:
        return [worker["state"] for worker in self.told().get("workers", [])]

    def join(self, count: int) -> list[Load]:
        """Start so many workers, and return them when they have come, in the order of their parts."""
        wait_for(self.told, self.master)
        started = {load.process.pid: load for load in (self.worker() for _ in range(count))}
        wait_for(lambda: len(self.told()["workers"]) == count, self.master)
        self.workers = [started[worker["pid"]] for worker in self.told()["workers"]]
        return self.workers

    def lines(self, worker: int, *events: str) -> list[dict[str, Any]]:
        """Lines of one worker's ledger, which is the master's file."""
        return Load(self.workers[worker].process, self.folder / f"ledger-{worker + 1}.jsonl").lines(*events)

    def worker(self, token: str = TOKEN, wait_s: float = DEADLINE_S) -> Load:
        """Start a worker; it need not be one that the master wants."""
        self._started += 1
        config = self.bench.folder / f"worker-{self._started}.json"
        place = {"master_host": "127.0.0.1", "master_port": self.told()["port"], "wait_s": wait_s}
        config.write_text(json.dumps(place))
        process = self.bench.start("harness.load.distributed", str(config), token)
        return Load(process, self.folder / f"ledger-{len(self.workers) + 1}.jsonl")


def wait_for(condition: Callable[[], object], load: Load | None = None) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        if load is not None:
            assert load.process.poll() is None, load.process.communicate()
        time.sleep(0.02)
