"""The ledger: what the generator says that it offered, started and uploaded.

The load processes append JSON lines to `ledger-<worker>.jsonl`; `harness/load/ledger_format.py` describes the
lines. One `LedgerReader` merges the files of all workers, either bit by bit while they grow (`poll`) or to
the end (`finish`). It does not look at the stack.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from harness.exceptions import SettleError
from harness.load.ledger_format import (
    DEFAULT_EXPECTS,
    DEFAULT_KIND,
    FINAL_EVENTS,
    SCHEMA_VERSION,
    Event,
    Expects,
    file_name,
)
from harness.measure.jsonl import JsonlTail, Line

PATTERN = file_name("*")
_EXPECTS = frozenset(get_args(Expects))


@dataclass(slots=True)
class LedgerEntry:
    """One offered file as the sender saw it. Times are seconds since the epoch."""

    ledger_id: str
    key: str
    customer_id: str
    size_bytes: int
    intended_at: float
    started_at: float | None = None
    ended_at: float | None = None
    end: str | None = None
    """The last word of the generator: `not_started`, `uploaded`, `upload_failed`, `aborted`, or none."""
    digest: bytes | None = None
    """SHA-256 of its bytes: half the memory of its text."""
    cause: str | None = None
    message: str | None = None
    kind: str = DEFAULT_KIND
    """What the client was to do with it."""
    expects: str = DEFAULT_EXPECTS
    """How it should end."""

    @property
    def sha256(self) -> str | None:
        """Of the bytes that were sent, in hexadecimal digits."""
        return None if self.digest is None else self.digest.hex()


_COMPLETE = "complete"
UPLOADED = str(Event.UPLOADED)
_OFFERED, _STARTED = str(Event.OFFERED), str(Event.STARTED)
_FINAL = {name: name for name in map(str, FINAL_EVENTS)}
"""Each final event's name to the one text of it: plain texts, because comparing members costs more."""


class LedgerReader:
    """All workers' ledgers of one run, as one."""

    def __init__(self, ledger_dir: Path) -> None:
        self.entries: dict[str, LedgerEntry] = {}
        self.run_id: str | None = None
        self.seed: int | None = None
        self.is_spent = False
        """The entries were let go."""
        self.offered = 0
        """Files that were put on offer."""
        self.started = 0
        """Files whose upload was begun."""
        self.workers_ended = 0
        self.offered_by_workers = 0
        """What the workers' `end` lines add up to; complete only when every worker wrote one."""
        self.ended_early: set[str] = set()
        """Why workers stopped before their schedule was done, by their own word (`disk_full`, …)."""
        self.folder = ledger_dir
        self._tails: dict[Path, JsonlTail] = {}
        self._early: list[Line] = []

    def let_go(self) -> None:
        """Forget the entries, which others hold by now; what is asked once more is read once more."""
        self.entries, self.is_spent = {}, True

    @property
    def complete(self) -> bool:
        """Every worker wrote its `end` line."""
        return bool(self._tails) and self.workers_ended == len(self._tails)

    @property
    def torn_files(self) -> list[str]:
        """Files that end in the middle of a line; known after `finish`."""
        return [path.name for path, tail in self._tails.items() if tail.torn]

    def poll(self) -> list[LedgerEntry]:
        """Read what was added, and return the entries whose upload has ended since the last call.

        :raises SettleError: a complete line is damaged or contradicts another
        """
        return self._take(JsonlTail.read)

    def finish(self) -> list[LedgerEntry]:
        """Read to the end after the writers are gone; a torn last line is left out.

        :raises SettleError: there is no ledger, or it is damaged elsewhere
        """
        ended = self._take(JsonlTail.finish)
        if not self._tails:
            raise SettleError(f"there is no ledger in {self.folder}", hint="Name the folder of a run.")
        if self._early:
            line = self._early[0]
            raise SettleError(f"{line.place}: the file {line.data.get('id')!r} was never offered")
        return ended

    def _take(self, read: Callable[[JsonlTail], Iterable[Line]]) -> list[LedgerEntry]:
        for path in sorted(self.folder.glob(PATTERN)):
            self._tails.setdefault(path, JsonlTail(path))
        ended: list[LedgerEntry] = []
        # A worker may report on a file before our turn at the ledger of the worker that offered it.
        early, self._early = self._early, []
        for tail in self._tails.values():
            for line in read(tail):
                self._apply(line, ended)
        for line in early:
            self._apply(line, ended)
        return ended

    def _apply(self, line: Line, ended: list[LedgerEntry]) -> None:
        event = line.data.get("e")
        if event == _OFFERED:
            self._offer(line)
        elif event == _STARTED or event in _FINAL:
            self._advance(line, event, ended)
        elif event == Event.HEADER:
            self._header(line)
        elif event == Event.END:
            self.workers_ended += 1
            self.offered_by_workers += int(line.field("offered"))
            if (reason := line.data.get("reason", _COMPLETE)) != _COMPLETE:
                self.ended_early.add(reason)
        else:
            raise SettleError(
                f"{line.place}: unknown event {line.field('e')!r}", hint="The ledger is of a newer version."
            )

    def _header(self, line: Line) -> None:
        version, run_id = line.field("schema_version"), line.field("run_id")
        if version != SCHEMA_VERSION:
            raise SettleError(f"{line.place}: schema version {version}, but {SCHEMA_VERSION} is understood")
        if self.run_id not in (None, run_id):
            raise SettleError(f"{line.place}: belongs to run {run_id}, the others to {self.run_id}")
        self.run_id = run_id
        self.seed = line.data.get("seed", self.seed)

    def _offer(self, line: Line) -> None:
        data = line.data
        try:
            entry = LedgerEntry(
                data["id"],
                data["key"],
                sys.intern(data["customer_id"]),
                data["size_bytes"],
                data["intended_at"],
            )
        except KeyError as exc:
            raise line.lacks(exc) from None
        self.offered += 1
        if self.entries.setdefault(entry.ledger_id, entry) is not entry:
            raise SettleError(f"{line.place}: the file {entry.ledger_id} was offered before")
        if "kind" in data or "expects" in data:
            _mark(entry, line)

    def _advance(self, line: Line, event: str, ended: list[LedgerEntry]) -> None:
        data = line.data
        try:
            entry, at = self.entries.get(data["id"]), data["at"]
        except KeyError as exc:
            raise line.lacks(exc) from None
        if entry is None:
            self._early.append(line)
        elif event == _STARTED:
            self.started += entry.started_at is None
            entry.started_at = at
        else:
            try:
                _end(entry, event, at, data)
            except ValueError as exc:
                raise SettleError(f"{line.place}: {data['sha256']!r} is no SHA-256") from exc
            ended.append(entry)


def _mark(entry: LedgerEntry, line: Line) -> None:
    """Take over what makes this file another than plain ones."""
    entry.kind = sys.intern(line.data.get("kind", DEFAULT_KIND))
    entry.expects = sys.intern(line.data.get("expects", DEFAULT_EXPECTS))
    if entry.expects not in _EXPECTS:
        raise SettleError(
            f"{line.place}: nothing can end as {entry.expects!r}", hint="The ledger is of a newer version."
        )


def _end(entry: LedgerEntry, event: str, at: float, data: dict[str, Any]) -> None:
    entry.end = _FINAL[event]
    entry.ended_at = at
    if sha256 := data.get("sha256"):
        entry.digest = bytes.fromhex(sha256)
    if cause := data.get("cause"):
        entry.cause = sys.intern(cause)
    entry.message = data.get("message")
