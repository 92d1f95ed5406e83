"""Ports that the services of `docker compose up` and `floodgate serve` listen on, and who has them now.

`floodgate up` and `run` need none of them: they take free ports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from harness.doctor.finding import Finding, failed, note, ok
from harness.engines import ports

PORTS: Mapping[int, str] = {
    2222: "SFTP",
    4566: "engine",
    8089: "Locust",
    9090: "Prometheus",
    3000: "Grafana",
}


def fixed(is_free: Callable[[int], bool] = ports.is_free) -> Iterator[Finding]:
    """Look at each of the fixed ports."""
    for port, service in PORTS.items():
        if is_free(port):
            yield ok(f"ports.{port}", f"{port} ({service}) is free", port=port)
        else:
            yield _taken(port, service)


def _taken(port: int, service: str) -> Finding:
    holder = ports.holder(port)
    summary = f"{port} ({service}) is taken{holder.told() if holder else ''}"
    details = {"port": port, "pid": holder.pid if holder else None}
    end_it = f"`floodgate down --name {holder.stack}`" if holder and holder.stack else "end that program"
    fix = f"{end_it} before `docker compose up`; `floodgate up` and `run` take free ports anyway"
    return note(f"ports.{port}", summary, fix=fix, **details)


def loopback(free_port: Callable[[], int] = ports.free_port) -> Iterator[Finding]:
    """Look whether servers can listen on this machine's own address at all."""
    try:
        free_port()
    except OSError as exc:
        yield failed(
            "ports.loopback",
            f"nothing can listen on {ports.HOST}: {exc}",
            fix="every part of a stack listens there: look at the sandbox or firewall that forbids it",
        )
    else:
        yield ok("ports.loopback", f"servers can listen on {ports.HOST}")
