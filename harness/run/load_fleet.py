"""All processes of the load generator that this run has started: one, or a master and its local workers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.engines.base import ProcessRecord, Progress
from harness.exit_codes import ExitCode
from harness.files import read_json
from harness.load.beside_ledger import MASTER_FILE, WEB_FILE
from harness.load.distributed.token import TOKEN_ENV, given_token, new_token
from harness.run.load_options import LoadOptions
from harness.run.load_process import LoadProcess

_LISTENS_WITHIN_S = 60.0
_POLL_S = 0.05
_FOLLOW_S = 3.0
"""How much longer than their master the workers may take to end."""
_WORKER = "harness.load.distributed"
_READY, _LOST = "ready", "lost"
"""Two of the states of `harness.load.distributed.members`, which imports Locust."""
_BEFORE_THE_START = frozenset({"joined", _READY, "failed"})


@dataclass
class LoadFleet:
    """Stands for the generator as if it were one process."""

    head: LoadProcess
    """The master, or the process that does everything."""
    workers: list[LoadProcess] = field(default_factory=list)
    lingers: bool = False
    """The head goes on after the load, to serve its web UI."""
    expected: int = 0
    """Workers in all."""
    wait_s: float = 0.0
    """How long they may take to come."""
    folder: Path | None = None
    """Where the head tells of itself."""

    @classmethod
    def start(
        cls, config: dict[str, Any], options: LoadOptions, ledger_dir: Path, log: Path, progress: Progress
    ) -> LoadFleet:
        """Start what the options ask for; workers on other machines are waited for by the master."""
        token = given_token() or new_token()
        secret = {TOKEN_ENV: token} if options.workers else {}
        head = LoadProcess.start(config | options.config(), ledger_dir / "load.json", log, environment=secret)
        fleet = cls(
            head,
            lingers=options.web_port is not None,
            expected=options.workers,
            wait_s=options.workers_within_s,
            folder=ledger_dir,
        )
        try:
            if options.workers and (place := _listening(head, ledger_dir / MASTER_FILE)):
                fleet._add_workers(options.local_workers, place, ledger_dir, secret)
                if options.master:
                    progress(_invitation(options, place, token))
            if fleet.lingers and (web := _listening(head, ledger_dir / WEB_FILE)):
                progress(f"web UI: {web['url']}/?tab=pipeline")
        except BaseException:
            fleet.kill()
            raise
        return fleet

    def record(self) -> list[ProcessRecord]:
        """Return the processes for the resource sampler; empty once they are gone."""
        return [record for process in self._all for record in process.record()]

    def is_running(self) -> bool:
        return self.head.is_running()

    def ask_to_stop(self) -> None:
        """See `LoadProcess.ask_to_stop`; a master tells its workers."""
        self.head.ask_to_stop()

    def end(self, within_s: float) -> None:
        """Ask all to stop, and kill who takes longer than `within_s`."""
        self.head.end(within_s)
        self._wait_for_workers()
        self.kill()

    def kill(self) -> None:
        for process in self._all:
            process.kill()

    def failure(self) -> tuple[ExitCode, str] | None:
        """Return why the generator ended with an error of its own, or `None`.

        A worker that was killed is none: its master knows, and the ledger tells.
        """
        own = self.head.failure()
        if own is not None:
            self._end_workers()
        if own is not None or self.head.asked:
            return own
        self._wait_for_workers()
        lost = {worker["pid"] for worker in self._told() if worker["state"] == _LOST}
        known = [worker for worker in self.workers if worker.process.pid not in lost]
        return next((found for worker in known if (found := _defect(worker))), None)

    def waits_for(self) -> str | None:
        """Return what keeps the load from beginning; `None` once it may, or when nobody is waited for."""
        if not self.expected:
            return None
        told = self._told()
        if any(worker["state"] not in _BEFORE_THE_START for worker in told):
            return None
        ready = [worker for worker in told if worker["state"] == _READY]
        here = f"{len(told)} came, {len(ready)} are ready"
        workers = "one load worker" if self.expected == 1 else f"{self.expected} load workers"
        return f"waiting for {workers}: {here} (at most {self.wait_s:.0f} s)"

    def _told(self) -> list[dict[str, Any]]:
        """Return what the master tells of its workers."""
        place = read_json(self.folder / MASTER_FILE) if self.folder is not None else None
        found: list[dict[str, Any]] = place["workers"] if place else []
        return found

    def _end_workers(self) -> None:
        """Without their master nobody takes their lines: what they upload now would stand nowhere."""
        for worker in self.workers:
            worker.ask_to_stop()
        self._wait_for_workers()
        for worker in self.workers:
            worker.kill()

    @property
    def _all(self) -> list[LoadProcess]:
        return [self.head, *self.workers]

    def _add_workers(
        self, count: int, place: dict[str, Any], ledger_dir: Path, secret: dict[str, str]
    ) -> None:
        told = {"master_host": _to_connect(place["host"]), "master_port": place["port"]}
        for number in range(1, count + 1):
            name = f"worker-{number}"
            self.workers.append(
                LoadProcess.start(
                    told, ledger_dir / f"{name}.json", ledger_dir / f"{name}.log", _WORKER, secret
                )
            )

    def _wait_for_workers(self) -> None:
        _wait_until(lambda: not any(worker.is_running() for worker in self.workers), _FOLLOW_S)


def _listening(head: LoadProcess, file: Path) -> dict[str, Any] | None:
    """Return where the master listens; `None` when it ended or does not come to it."""
    _wait_until(lambda: file.exists() or not head.is_running(), _LISTENS_WITHIN_S)
    place: dict[str, Any] | None = read_json(file)
    return place


def _wait_until(condition: Callable[[], bool], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(_POLL_S)


def _to_connect(host: str) -> str:
    return "127.0.0.1" if host in ("*", "0.0.0.0", "::") else host  # noqa: S104  (listened on, by the user)


def _invitation(options: LoadOptions, place: dict[str, Any], token: str) -> str:
    host = place["host"] if _to_connect(place["host"]) == place["host"] else "<this machine>"
    known = "<the same>" if given_token() else token
    one = options.expect_workers == 1
    who = "one worker; on its machine" if one else f"{options.expect_workers} workers; on each machine"
    return (
        f"waiting for {who}: {TOKEN_ENV}={known} "
        f"floodgate run --worker --master-host {host} --master-port {place['port']}"
    )


def _defect(worker: LoadProcess) -> tuple[ExitCode, str] | None:
    code = worker.process.poll()
    return worker.failure() if code is not None and code > 0 else None
