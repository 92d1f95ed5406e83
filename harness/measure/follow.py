"""Following a run while it happens, for the progress line and for the wait at its end.

Each `poll` reads what the ledger and the SFTP server have added, asks the table for a bounded number of files
that are still under way, and counts the queues. It never scans; executions and (without a table) the
destination are listed now and then. The final word is `settle`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from botocore.config import Config

from harness import aws, identity
from harness.clock import now
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, StackLostError
from harness.measure import queues
from harness.measure.destination_rows import DestinationRows
from harness.measure.evidence import DEAD_LETTER_QUEUES, WAITING_QUEUES
from harness.measure.executions import ExecutionReader
from harness.measure.histogram import RunningLatency
from harness.measure.joining import CLOCK_SLACK_S
from harness.measure.ledger import UPLOADED, LedgerEntry, LedgerReader
from harness.measure.live_stages import LiveStages
from harness.measure.packed.rows import PackedRows
from harness.measure.results import Timeline
from harness.measure.row_reader import RowReader
from harness.measure.rows import FAILED, SUPERSEDED, TRANSFERRED, Row
from harness.measure.timeline import TimelineBuilder
from harness.measure.uploads import ClosedUpload, PartialUpload, UploadsReader
from harness.stack.description import StackDescription

T = TypeVar("T")

ROWS_PER_POLL = 500
DEPTH_EVERY_S = 2.0
"""How old a queue's count may be in the live view: a count is a call, and the engine has better to do."""
EXECUTIONS_EVERY_S = 1.0
"""How old the answer may be to whether an execution still runs."""
_MAY_FAIL = frozenset({"failed", "any"})
"""Expectations that a failure meets."""
MISSES_ALLOWED = 5
"""So many polls in a row without an answer mean that the engine is lost."""
_CONFIG = Config(retries={"mode": "standard", "max_attempts": 1}, connect_timeout=2, read_timeout=10)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known at one moment. Counts are of files since the start of the run."""

    at: float
    offered: int = 0
    started: int = 0
    uploaded: int = 0
    delivered: int = 0
    superseded: int = 0
    not_started: int = 0
    backlog: int = 0
    """Uploaded, and not yet delivered, failed or superseded."""
    partial: int = 0
    """Uploads that broke off, left a partial object, and are not in quarantine yet."""
    failures: dict[str, int] = field(default_factory=dict)
    """By kind: `upload_failed`, `aborted`, `failed`; without the files that were to end so."""
    p99_ms: float | None = None
    """End to end, from the intended time, of the files delivered so far."""
    queue_depth: int | None = None
    """Messages to be worked on, also received ones; `None` when the engine did not answer."""
    dead_letters: int | None = None
    """Messages that nobody works on any more, and events that reached no target."""
    oldest_age_s: float | None = None
    """How long ago the oldest file of the backlog was closed."""
    load_ended: bool = False
    """Every worker of the generator wrote its last line."""

    @property
    def quiet(self) -> bool:
        """Nothing is under way any more."""
        return self.backlog == 0 and self.partial == 0 and self.queue_depth == 0


@dataclass(slots=True)
class Outstanding:
    """An uploaded file whose row is not final."""

    entry: LedgerEntry
    version_id: str
    failed_at: float | None = None
    cause: str = ""
    """Of its failure, unless it was to fail."""


class Follower:
    """Follows one run from its ledger, the SFTP server's uploads and the table."""

    def __init__(
        self, engine: EngineInfo, description: StackDescription, ledger_dir: Path, uploads_file: Path
    ) -> None:
        self.ledger = LedgerReader(ledger_dir)
        self.rows = PackedRows()
        """Final and failed rows seen so far, by `file_id`."""
        self.outstanding: dict[str, Outstanding] = {}
        """By `file_id`, oldest upload first; failed files stay, because a retry may mend them."""
        self.partials: set[str] = set()
        """`file_id`s of partial uploads of which the quarantine has not said that it is done with them."""
        self._quarantines = bool(description.table) and "quarantine" in description.functions
        self.file_ids: dict[str, str] = {}
        """Ledger id to `file_id`: the SFTP server's list goes with its stack."""
        self.stages = LiveStages()
        """Of the files delivered so far."""
        self.causes: Counter[tuple[str, str]] = Counter()
        """Failures by kind, as in `Snapshot.failures`, and cause."""
        self.latest: Snapshot | None = None
        """What the last `poll` has found; other threads may read it."""
        self._bucket = description.buckets["source"]
        self._uploads = UploadsReader(uploads_file, self._bucket)
        self._rows = self._row_source(engine, description)
        self._sqs = aws.client("sqs", engine, config=_CONFIG)
        self._executions = self._execution_reader(engine, description)
        self._queues = description.queues
        self._ask_order: deque[str] = deque()
        self._closes: dict[str, deque[ClosedUpload]] = {}
        self._acknowledged: dict[str, deque[LedgerEntry]] = {}
        self._counts: Counter[str] = Counter()
        self._latency = RunningLatency()
        self._timeline = TimelineBuilder()
        self._offers_seen = 0
        self._depths: dict[str, int | None] = {}
        self._depths_at = float("-inf")
        self._dead_at = float("-inf")
        self._running: bool | None = False
        self._running_at = float("-inf")
        self._misses = 0
        self._miss: StackLostError | AwsError | None = None

    def _row_source(self, engine: EngineInfo, description: StackDescription) -> RowReader | DestinationRows:
        service = "dynamodb" if description.table else "s3"
        client = aws.client(service, engine, config=_CONFIG)
        if description.table:
            return RowReader(client, description.table)
        return DestinationRows(client, description.buckets["destination"], self.outstanding)

    def _execution_reader(self, engine: EngineInfo, description: StackDescription) -> ExecutionReader | None:
        machines = description.state_machines
        if not machines:
            return None
        return ExecutionReader(aws.client("stepfunctions", engine, config=_CONFIG), machines)

    @property
    def has_machines(self) -> bool:
        """The pipeline has state machines whose executions can fail."""
        return self._executions is not None

    @property
    def began_at(self) -> float:
        """When the first file was to be offered, in seconds since the epoch; infinity before it was."""
        first = next(iter(self.ledger.entries.values()), None)
        return float("inf") if first is None else first.intended_at - CLOCK_SLACK_S

    @property
    def timeline(self) -> Timeline:
        """Series per second of what was seen so far."""
        return self._timeline.build()

    def poll(self, max_rows: int = ROWS_PER_POLL, *, fresh_depths: bool = False) -> Snapshot:
        """Look once, and say what is known.

        :param max_rows: how many files' rows may be asked for
        :param fresh_depths: count the queues now, and not only every `DEPTH_EVERY_S` seconds
        :raises StackLostError: the engine has not answered several times in a row
        :raises SettleError: the ledger is damaged
        """
        self._miss = None
        self._read_ledger()
        self._read_uploads()
        self._ask_rows(max_rows)
        self._count_queues(fresh=fresh_depths)
        self.latest = self._snapshot()
        self._check_misses()
        return self.latest

    def _read_ledger(self) -> None:
        for entry in self.ledger.poll():
            self._counts[entry.end or ""] += 1
            self._counts[f"meant_{entry.end}"] += entry.expects == entry.end
            if entry.cause is not None and entry.expects != entry.end:
                self.causes[entry.end or "", entry.cause] += 1
            if entry.end == UPLOADED:
                self._timeline.uploaded(entry.ended_at or entry.intended_at)
                self._acknowledged.setdefault(entry.key, deque()).append(entry)
                self._match(entry.key)
        for entry in islice(self.ledger.entries.values(), self._offers_seen, None):
            self._timeline.offered(entry.intended_at)
            self._offers_seen += 1

    def _read_uploads(self) -> None:
        if not self.ledger.entries:
            return
        # A stack that was kept has uploads of earlier runs, perhaps of the same keys.
        partials: list[PartialUpload] = []
        for event in self._uploads.poll(not_before=self.began_at):
            if isinstance(event, ClosedUpload):
                self._closes.setdefault(event.key, deque()).append(event)
                self._match(event.key)
            elif isinstance(event, PartialUpload):
                partials.append(event)
        if partials and self._quarantines:
            self._await_quarantine(partials)

    def _await_quarantine(self, partials: Sequence[PartialUpload]) -> None:
        about = {event.key for event in partials}
        ours = {entry.key for entry in self.ledger.entries.values() if entry.key in about}
        for event in partials:
            if event.key in ours:
                file_id = identity.file_id(self._bucket, event.key, event.version_id)
                self.partials.add(file_id)
                self._ask_order.append(file_id)

    def _match(self, key: str) -> None:
        if key not in self._closes or key not in self._acknowledged:
            return
        close, entry = self._closes[key].popleft(), self._acknowledged[key].popleft()
        for waiting in (self._closes, self._acknowledged):
            if not waiting[key]:
                del waiting[key]
        file_id = identity.file_id(self._bucket, key, close.version_id)
        self.outstanding[file_id] = Outstanding(entry, close.version_id)
        self.file_ids[entry.ledger_id] = file_id
        self._ask_order.append(file_id)

    def _ask_rows(self, max_rows: int) -> None:
        asked = [self._ask_order.popleft() for _ in range(min(max_rows, len(self._ask_order)))]
        rows = (self._tolerating(lambda: self._rows.fetch(asked)) or {}) if asked else {}
        for file_id in asked:
            if (row := rows.get(file_id)) is not None:
                row.file_id = file_id  # one text of it in memory, not two
                self._take_row(row)
            if file_id in self.outstanding or file_id in self.partials:
                self._ask_order.append(file_id)

    def let_go(self) -> None:
        """Forget what `settle_without_stack` would need, once everything has been asked of the stack."""
        self.rows = PackedRows()
        self.file_ids = {}

    def _take_row(self, row: Row) -> None:
        if row.file_id in self.partials:
            if row.withdrawn_at is not None:
                self.partials.discard(row.file_id)
            return
        waiting = self.outstanding[row.file_id]
        at = row.handler_ended_at or now()
        if row.status == FAILED:
            if waiting.failed_at is None:
                waiting.failed_at = at
                self._counts["row_failed"] += 1
                meant = waiting.entry.expects in _MAY_FAIL
                self._counts["meant_failed"] += meant
                waiting.cause = "" if meant else row.error_type or "unknown"
                self._count_cause(waiting, 1)
                self._timeline.failed(at)
            self.rows[row.file_id] = row
        elif row.final:
            self._take_back_failure(waiting)
            del self.outstanding[row.file_id]
            self.rows[row.file_id] = row
            self._count_end(row, waiting.entry, at)

    def _take_back_failure(self, waiting: Outstanding) -> None:
        if waiting.failed_at is not None:
            self._counts["row_failed"] -= 1
            self._counts["meant_failed"] -= waiting.entry.expects in _MAY_FAIL
            self._count_cause(waiting, -1)
            self._timeline.unfail(waiting.failed_at)

    def _count_cause(self, waiting: Outstanding, by: int) -> None:
        if waiting.cause:
            self.causes["failed", waiting.cause] += by

    def _count_end(self, row: Row, entry: LedgerEntry, at: float) -> None:
        if row.status == SUPERSEDED:
            self._counts[SUPERSEDED] += 1
            self._timeline.superseded(at)
        else:
            self._counts[TRANSFERRED] += 1
            self._timeline.delivered(at)
            self.stages.add(entry, row)
            if row.handler_ended_at is not None:
                self._latency.add(at - entry.intended_at)

    def _count_queues(self, *, fresh: bool) -> None:
        at = now()
        if fresh or at - self._depths_at >= DEPTH_EVERY_S:
            self._depths["waiting"] = self._depth(WAITING_QUEUES)
            self._depths_at = at
        if at - self._dead_at >= DEPTH_EVERY_S:
            self._depths["dead"] = self._depth((*DEAD_LETTER_QUEUES, "undelivered_events"))
            self._dead_at = at

    def _depth(self, roles: Iterable[str]) -> int | None:
        urls = dict.fromkeys(self._queues[role] for role in roles if role in self._queues)
        return self._tolerating(lambda: sum(queues.depth(self._sqs, url) for url in urls)) if urls else 0

    def executions_run(self) -> bool | None:
        """Tell whether a state machine still works on files of this run; `None` when nobody answered.

        It is asked at most every `EXECUTIONS_EVERY_S`: listing is what AWS allows least of.
        """
        reader = self._executions
        if reader is None:
            return False
        at = now()
        if at - self._running_at >= EXECUTIONS_EVERY_S:
            self._running = self._tolerating(lambda: reader.any_running(self.began_at))
            self._running_at = at
        return self._running

    def _tolerating(self, call: Callable[[], T]) -> T | None:
        """Return what `call` does, or `None` when the engine does not answer it.

        After one miss the rest of a poll is left out, so that a silent engine costs one waiting time only.
        """
        if self._miss is not None:
            return None
        try:
            return call()
        except (StackLostError, AwsError) as exc:
            self._miss = exc
            return None

    def _check_misses(self) -> None:
        if self._miss is not None:
            self._depths_at = self._dead_at = float("-inf")  # what was not answered is asked for again
        self._misses = self._misses + 1 if self._miss is not None else 0
        if self._miss is not None and self._misses >= MISSES_ALLOWED:
            raise StackLostError(
                f"the engine did not answer {self._misses} times in a row: {self._miss.message}",
                hint="The end of engine.log in the run's folder says why.",
            ) from self._miss

    def _snapshot(self) -> Snapshot:
        counts, at = self._counts, now()
        oldest = next((each for each in self.outstanding.values() if each.failed_at is None), None)
        settled = counts[TRANSFERRED] + counts[SUPERSEDED] + counts["row_failed"]
        failures = {kind: counts[kind] - counts[f"meant_{kind}"] for kind in ("upload_failed", "aborted")}
        failures["failed"] = counts["row_failed"] - counts["meant_failed"]
        return Snapshot(
            at=at,
            offered=len(self.ledger.entries),
            started=self.ledger.started,
            uploaded=counts[UPLOADED],
            delivered=counts[TRANSFERRED],
            superseded=counts[SUPERSEDED],
            not_started=counts["not_started"],
            backlog=max(0, counts[UPLOADED] - settled),
            partial=len(self.partials),
            failures={kind: n for kind, n in failures.items() if n},
            p99_ms=self._latency.percentile_ms(0.99),
            queue_depth=self._depths["waiting"],
            dead_letters=self._depths["dead"],
            oldest_age_s=at - (oldest.entry.ended_at or at) if oldest else None,
            load_ended=self.ledger.complete,
        )
