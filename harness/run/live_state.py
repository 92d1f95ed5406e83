"""What the web UI shows of the pipeline while a run goes on: written for the load process to serve."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path

from harness.files import replace_json
from harness.load.beside_ledger import LIVE_FILE
from harness.measure.follow import Snapshot
from harness.report import live
from harness.run.live_figures import figures
from harness.run.offer import Offer

_EVERY_S = 1.0


class LiveState:
    """Keeps `live.json` beside the ledger up to date.

    :param folder: that of the ledger
    :param about: what tells this run from others
    :param wanted: somebody shows it; otherwise nothing is written
    """

    def __init__(self, folder: Path, about: Mapping[str, str], *, wanted: bool) -> None:
        self._file, self._about, self._wanted = folder / LIVE_FILE, about, wanted
        self._offer: Offer | None = None
        self._text = ""
        self._written_at = float("-inf")

    def watch(self, offer: Offer) -> None:
        """Take everything from this load."""
        self._offer = offer

    def say(self, text: str) -> None:
        """Write down how things are, unless that was done a moment ago."""
        self._text = text
        if time.monotonic() - self._written_at >= _EVERY_S:
            self._write()

    def end(self) -> None:
        """Write down how things are in the end: short runs have their last files between two looks."""
        self._write()

    def _write(self) -> None:
        snapshot = self._offer.follower.latest if self._offer is not None else None
        if not self._wanted or self._offer is None or snapshot is None:
            return
        self._written_at = time.monotonic()
        told = {
            "text": self._text,
            "rows": [{"what": name, "value": value} for name, value in rows(snapshot)],
            "figures": live.figures(self._offer.follower.timeline),
            "style": live.style(),
            "metrics": figures(self._about, self._offer, snapshot),
        }
        with contextlib.suppress(OSError):  # no room on the disk: whoever writes what matters tells it
            replace_json(self._file, told)


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
