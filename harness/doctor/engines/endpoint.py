"""An engine that somebody else runs (`--engine URL`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.doctor.finding import Finding, failed, ok
from harness.engines.url import RunningEndpoint
from harness.exceptions import EngineStartError


def look(url: str) -> Iterator[Finding]:
    """Ask it who it is.

    :raises UsageError: that is no address
    """
    try:
        info = RunningEndpoint(url).start(Path(), lambda _: None)
    except EngineStartError as exc:
        yield failed("endpoint.answers", exc.message, fix=exc.hint or "start it", url=url)
    else:
        yield ok("endpoint.answers", f"{info.name} {info.version} answers at {url}", url=url)
