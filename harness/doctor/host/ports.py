"""Ports that the services of `docker compose up` and `floodgate serve` listen on, and who has them now.

`floodgate up` and `run` need none of them: they take free ports.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from harness.doctor.finding import Finding, failed, note, ok, warning
from harness.engines import ports
from harness.engines.docker.published import Published, publisher


@dataclass(frozen=True)
class Service:
    """One that listens on a fixed port.

    :param variable: by which the user chooses another one, as in `docker-compose.yml`
    :param always: `docker compose up` starts it without being asked for a profile
    """

    name: str
    title: str
    port: int
    variable: str
    always: bool = True


SERVICES = (
    Service("sftp", "SFTP", 2222, "FLOODGATE_SFTP_PORT"),
    Service("transfer", "Transfer API", 8022, "FLOODGATE_TRANSFER_PORT"),
    Service("engine", "engine", 4566, "FLOODGATE_LOCALSTACK_PORT"),
    Service("locust", "Locust", 8089, "FLOODGATE_WEB_PORT"),
    Service("prometheus", "Prometheus", 9090, "FLOODGATE_PROMETHEUS_PORT", always=False),
    Service("grafana", "Grafana", 3000, "FLOODGATE_GRAFANA_PORT", always=False),
)


def fixed(
    is_free: Callable[[int], bool] = ports.is_free,
    container_on: Callable[[int], Published | None] = publisher,
    env: Mapping[str, str] = os.environ,
) -> Iterator[Finding]:
    """Look at each of the fixed ports, or at the one that its variable names instead."""
    for service in SERVICES:
        name, given = f"ports.{service.name}", env.get(service.variable) or str(service.port)
        if not given.isdecimal() or not 0 < int(given) < 65_536:
            summary = f"{service.variable}={given} is no port"
            yield warning(name, summary, fix=f"a number from 1 to 65535, such as {service.port}")
        elif is_free(int(given)):
            yield ok(name, f"{given} ({service.title}) is free", port=int(given))
        else:
            yield _taken(service, int(given), container_on(int(given)))


def _taken(service: Service, port: int, container: Published | None) -> Finding:
    """Tell who has a port. Of one that Docker has published, the system shows only Docker's own process.

    It stands in the way of `docker compose up`, unless that has been here already.
    """
    holder = None if container else ports.holder(port)
    if container:
        who, end_it = f" by the container {container.name}{container.whose()}", container.way_to_end()
    elif holder and holder.stack:
        who, end_it = holder.told(), f"`floodgate down --name {holder.stack}`"
    else:
        who, end_it = holder.told() if holder else "", "end that program"
    is_ours = container is not None and bool(container.stack and container.project)
    tell = failed if service.always and not is_ours else note
    return tell(
        f"ports.{service.name}",
        f"{port} ({service.title}) is taken{who}",
        fix=f"{end_it}, or set {service.variable} to another port, before `docker compose up`; "
        "`floodgate up` and `run` take free ports anyway",
        port=port,
        pid=holder.pid if holder else None,
        container=container.name if container else None,
    )


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
