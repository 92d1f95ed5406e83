"""What the web UI shows of the pipeline while a run goes on: written for the load process to serve."""

from __future__ import annotations

import time
from pathlib import Path

from harness.files import replace_json
from harness.measure.follow import Follower, Snapshot
from harness.report import live

LIVE_FILE = "live.json"
_EVERY_S = 1.0


class LiveState:
    """Keeps `live.json` beside the ledger up to date.

    :param folder: that of the ledger
    :param wanted: somebody shows it; otherwise nothing is written
    """

    def __init__(self, folder: Path, *, wanted: bool) -> None:
        self._file, self._wanted = folder / LIVE_FILE, wanted
        self._follower: Follower | None = None
        self._written_at = float("-inf")

    def watch(self, follower: Follower) -> None:
        """Take everything from this follower."""
        self._follower = follower

    def say(self, text: str) -> None:
        """Write down how things are, unless that was done a moment ago."""
        if not self._wanted or self._follower is None or self._follower.latest is None:
            return
        if time.monotonic() - self._written_at < _EVERY_S:
            return
        self._written_at = time.monotonic()
        replace_json(
            self._file,
            {
                "text": text,
                "rows": [{"what": name, "value": value} for name, value in rows(self._follower.latest)],
                "figures": live.figures(self._follower.timeline),
                "style": live.style(),
            },
        )


def rows(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Return the state of the pipeline as a table."""
    return [
        ("Offered", f"{snapshot.offered:,}"),
        ("Not started in time", f"{snapshot.not_started:,}"),
        ("Uploaded", f"{snapshot.uploaded:,}"),
        ("Delivered", f"{snapshot.delivered:,}"),
        ("Backlog: uploaded, not yet at their end", f"{snapshot.backlog:,}"),
        ("Oldest of the backlog", _seconds(snapshot.oldest_age_s)),
        ("Messages in the work queues", _count(snapshot.queue_depth)),
        ("Dead letters", _count(snapshot.dead_letters)),
        ("Superseded", f"{snapshot.superseded:,}"),
        *((name.replace("_", " ").capitalize(), f"{count:,}") for name, count in snapshot.failures.items()),
        ("p99 end to end", _seconds(None if snapshot.p99_ms is None else snapshot.p99_ms / 1000)),
    ]


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


def _count(value: int | None) -> str:
    return "not known" if value is None else f"{value:,}"
