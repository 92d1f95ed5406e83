"""How the load generator is laid out: processes here, workers elsewhere, a web UI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.exceptions import UsageError
from harness.load.distributed.token import given_token

MAX_LOAD_WORKERS = 64
DEFAULT_MASTER_PORT = 5557
"""Locust's own."""
DEFAULT_WEB_PORT = 8089
"""Locust's own."""
_PORTS = range(65536)
_LOCAL_WAIT_S = 60.0


@dataclass(frozen=True)
class LoadOptions:
    """:param load_workers: load processes on this machine; `None` leaves it to the rest: one, or none with
        `master`
    :param master: take workers from other machines
    :param expect_workers: how many; the load begins when all of them are there
    :param wait_s: how long they may take to come
    :param web_port: where Locust's web UI is served; `None` for no web UI
    """

    load_workers: int | None = None
    master: bool = False
    expect_workers: int = 1
    bind_host: str = "127.0.0.1"
    bind_port: int = DEFAULT_MASTER_PORT
    wait_s: float = 300.0
    web_host: str = "127.0.0.1"
    web_port: int | None = None

    @property
    def local_workers(self) -> int:
        """Worker processes that are started here; 0 when one process does everything."""
        if self.master:
            return self.load_workers or 0
        return self.load_workers if (self.load_workers or 1) > 1 else 0  # type: ignore[return-value]

    @property
    def workers(self) -> int:
        """Workers in all; 0 when one process does everything."""
        return self.local_workers + (self.expect_workers if self.master else 0)

    @property
    def workers_within_s(self) -> float:
        """How long all workers may take to come."""
        return self.wait_s if self.master else _LOCAL_WAIT_S

    def problems(self) -> list[str]:
        """Return what is wrong, in sentences."""
        found = []
        if self.load_workers is not None and not 1 <= self.load_workers <= MAX_LOAD_WORKERS:
            found.append(f"--load-workers is 1 to {MAX_LOAD_WORKERS}, not {self.load_workers}")
        if self.expect_workers < 1:
            found.append(f"--expect-workers is at least 1, not {self.expect_workers}")
        for option, port in (("--master-bind-port", self.bind_port), ("--web-port", self.web_port)):
            if port is not None and port not in _PORTS:
                found.append(f"{option} is 0 to {_PORTS[-1]}, not {port}")
        if self.master:
            try:
                given_token()
            except UsageError as exc:
                found.append(exc.message)
        return found

    def config(self) -> dict[str, Any]:
        """Return what the configuration of the load process has of it."""
        found: dict[str, Any] = {}
        if self.workers:
            found["master"] = {
                "host": self.bind_host if self.master else "127.0.0.1",
                "port": self.bind_port if self.master else 0,
                "workers": self.workers,
                "wait_s": self.workers_within_s,
            }
        if self.web_port is not None:
            found["web_ui"] = {"host": self.web_host, "port": self.web_port}
        return found
