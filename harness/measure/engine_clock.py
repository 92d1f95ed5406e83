"""How far the clock of an engine on another machine is from ours.

Every HTTP answer carries the server's time in whole seconds (RFC 9110, section 6.6.1). One answer bounds the
offset to a second and the time on the way; answers spread over more than a second, so that one comes right
before and one right after the server's clock ticks, bound it to their distance. The method is htpdate's:
https://github.com/twekkel/htpdate
"""

from __future__ import annotations

import http.client
import ipaddress
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from harness import clock

_PROBES = 24
_PAUSE_S = 0.05
_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Offset:
    """The engine's clock is `ahead_s` ahead of ours, give or take `error_s`."""

    ahead_s: float
    error_s: float

    def __str__(self) -> str:
        return (
            f"The engine's clock is {self.ahead_s * 1000:+.0f} ms ahead of this machine's "
            f"(± {self.error_s * 1000:.0f} ms, by its Date header); times are shown as they were told, so "
            "stages that begin on one clock and end on the other are off by that much."
        )


@dataclass(frozen=True, slots=True)
class Probe:
    """One answer: when it was asked for and when it came by our clock, and its whole seconds."""

    asked_at: float
    answered_at: float
    told: float


def is_elsewhere(endpoint_url: str) -> bool:
    """Tell whether the engine is on another machine, as far as its address says."""
    host = urlsplit(endpoint_url).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")


def measure(
    endpoint_url: str,
    *,
    now: Callable[[], float] = clock.now,
    pause: Callable[[float], None] = time.sleep,
) -> Offset | None:
    """Return the offset, `None` where the engine does not tell its time. Takes more than a second."""
    try:
        return bound(list(_probes(endpoint_url, now, pause)))
    except (OSError, http.client.HTTPException):
        return None


def notes(endpoint_url: str) -> list[str]:
    """Return what a reader must know about clocks: nothing where all processes are on one machine."""
    if not is_elsewhere(endpoint_url):
        return []
    offset = measure(endpoint_url)
    unknown = "The engine is on another machine, and how far its clock is from this one's is not known."
    return [unknown if offset is None else str(offset)]


def bound(probes: list[Probe]) -> Offset | None:
    """Return the middle of what all answers allow; `None` without answers, or where they contradict."""
    if not probes:
        return None
    least = max(probe.told - probe.answered_at for probe in probes)
    most = min(probe.told + 1 - probe.asked_at for probe in probes)
    return Offset((least + most) / 2, (most - least) / 2) if least <= most else None


def _probes(endpoint_url: str, now: Callable[[], float], pause: Callable[[float], None]) -> Iterator[Probe]:
    address = urlsplit(endpoint_url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=_TIMEOUT_S)
    try:
        for _ in range(_PROBES):
            asked_at = now()
            connection.request("HEAD", "/")
            response = connection.getresponse()
            answered_at = now()
            response.read()
            if (told := response.getheader("Date")) is not None:
                yield Probe(asked_at, answered_at, parsedate_to_datetime(told).timestamp())
            pause(_PAUSE_S)
    finally:
        connection.close()
