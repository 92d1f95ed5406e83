"""What the stack holds about the run's files, gathered in one place so that judging it needs no AWS."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness import aws
from harness.engines.base import EngineInfo, Progress
from harness.exceptions import AwsError
from harness.measure import function_errors, objects, queues, throttling
from harness.measure.executions import ExecutionReader, ExecutionView
from harness.measure.function_errors import FunctionErrors
from harness.measure.packed.rows import PackedRows
from harness.measure.packed.versions import PackedVersions
from harness.measure.queues import PeekQueue, QueueView
from harness.measure.row_reader import RowReader
from harness.measure.rows import Row
from harness.measure.versions import ObjectVersion
from harness.stack.description import StackDescription

VersionsByKey = Mapping[str, list[ObjectVersion]]
Look = Callable[[Any, str, PeekQueue | None], QueueView]
NOTHING = QueueView(0, ())
WAITING_QUEUES = ("work", "ingress")
DEAD_LETTER_QUEUES = ("dlq", "ingress_dlq")
_PARALLEL_READS = 8
_REPORT_EVERY = 500


@dataclass(slots=True)
class Evidence:
    """Everything that is known about the run's files besides what the sender said."""

    rows: PackedRows = field(default_factory=PackedRows)
    destination: PackedVersions = field(default_factory=PackedVersions)
    source: VersionsByKey = field(default_factory=dict)
    """Holds only the keys that were asked for, with an empty list where nothing is left of a key."""
    compares: bool = False
    """Not all versions were to be read back: what was not is compared by what S3's listing says of it."""
    work_queue: QueueView = NOTHING
    """What waits or is in a worker's hands: the work queue, and the queue before a Pipe."""
    dead_letters: QueueView = NOTHING
    undelivered: QueueView = NOTHING
    """Events that EventBridge could not hand to the rule's target."""
    recorder_dead_letters: int = 0
    executions: ExecutionView = field(default_factory=ExecutionView)
    throttles: int = 0
    """Invocations that Lambda refused; asked for only where that may be the cause."""
    function_errors: tuple[FunctionErrors, ...] = ()
    """What functions ended in; asked for only where files stayed behind and no row says why."""
    has_table: bool = True
    """`False` for a pipeline of the user's own without one: only the destination tells what was delivered."""
    sees_holders: bool = True
    """`False` where the pipeline does not tell of its queues and machines: what they hold looks like lost."""
    complete: bool = True
    """`False` when the stack was gone: absence then proves nothing."""

    def forget(self, key: str, file_id: str | None) -> None:
        """Let go of a file that is settled, and of its key."""
        self.destination.discard(key)
        if file_id:
            self.rows.discard(file_id)


class EvidenceSource(Protocol):
    """Where evidence comes from. Every method may raise `StackLostError` and `AwsError`."""

    def rows(self, file_ids: Iterable[str]) -> Mapping[str, Row]:
        """Return the rows that exist, by `file_id`."""

    def destination(self, keys: Collection[str]) -> VersionsByKey:
        """Return the versions of `keys` at the destination, oldest first."""

    def source(self, keys: Collection[str]) -> VersionsByKey:
        """Return the versions of `keys` in the source bucket, oldest first."""

    def read_back(self, versions: Collection[ObjectVersion], progress: Progress) -> None:
        """Fill `sha256` of destination versions."""

    def read_tags(self, versions: Collection[ObjectVersion]) -> None:
        """Fill `file_id` of destination versions from their tags."""

    def work_queue(self) -> QueueView:
        """Look at the queues whose messages are still to be worked on."""

    def dead_letters(self) -> QueueView:
        """Look at the dead-letter queue."""

    def undelivered(self) -> QueueView:
        """Look at the events that reached no target."""

    def recorder_dead_letters(self) -> int:
        """Count what the recorder of `recording=full` could not write."""

    def executions(self, since: float) -> ExecutionView:
        """Look at the executions that were started at `since` (epoch seconds) or later."""

    def throttles(self, since: float) -> int:
        """Count the invocations that Lambda refused since then."""

    def function_errors(self, since: float) -> tuple[FunctionErrors, ...]:
        """Return what the functions ended in since then, the most frequent first."""


class AwsEvidence:
    """Evidence from a running stack, through the AWS API only."""

    def __init__(self, engine: EngineInfo, description: StackDescription, peek: PeekQueue | None) -> None:
        self._s3 = aws.client("s3", engine)
        self._sqs = aws.client("sqs", engine)
        self._engine = engine
        self._rows = RowReader(aws.client("dynamodb", engine), description.table)
        self._description = description
        self._peek = peek

    def rows(self, file_ids: Iterable[str]) -> PackedRows:
        return self._rows.fetch_all(file_ids)

    def destination(self, keys: Collection[str]) -> PackedVersions:
        return self._versions("destination", keys, with_markers=False)

    def source(self, keys: Collection[str]) -> PackedVersions:
        return self._versions("source", keys, with_markers=True)

    def _versions(self, side: str, keys: Collection[str], *, with_markers: bool) -> PackedVersions:
        bucket = self._description.buckets[side]
        try:
            return objects.list_versions(self._s3, bucket, keys, with_markers=with_markers)
        except AwsError as exc:
            if exc.code != "NoSuchBucket":
                raise
            return PackedVersions()  # a bucket that is gone holds nothing

    def read_back(self, versions: Collection[ObjectVersion], progress: Progress) -> None:
        done = 0

        def count() -> None:
            nonlocal done
            done += 1
            if done % _REPORT_EVERY == 0:
                progress(f"checking delivered bytes: {done} of {len(versions)} files")

        bucket = self._description.buckets["destination"]
        objects.hash_versions(self._s3, bucket, versions, parallel=_PARALLEL_READS, on_done=count)

    def read_tags(self, versions: Collection[ObjectVersion]) -> None:
        objects.read_tags(self._s3, self._description.buckets["destination"], versions)

    def work_queue(self) -> QueueView:
        return self._together(WAITING_QUEUES, queues.view)

    def dead_letters(self) -> QueueView:
        return self._together(DEAD_LETTER_QUEUES, queues.view_dead_letters)

    def undelivered(self) -> QueueView:
        return self._together(("undelivered_events",), queues.view_dead_letters)

    def _together(self, roles: Iterable[str], look: Look) -> QueueView:
        urls = dict.fromkeys(
            self._description.queues[role] for role in roles if role in self._description.queues
        )
        return sum((look(self._sqs, url, self._peek) for url in urls), NOTHING)

    def recorder_dead_letters(self) -> int:
        url = self._description.queues.get("recorder_dlq")
        return queues.depth(self._sqs, url) if url else 0

    def executions(self, since: float) -> ExecutionView:
        machines = self._description.state_machines
        if not machines:
            return ExecutionView()
        return ExecutionReader(aws.client("stepfunctions", self._engine), machines).view(since)

    def throttles(self, since: float) -> int:
        cloudwatch = aws.client("cloudwatch", self._engine)
        return throttling.count(cloudwatch, self._description.functions.values(), since)

    def function_errors(self, since: float) -> tuple[FunctionErrors, ...]:
        return function_errors.read(aws.client("logs", self._engine), self._description.functions, since)
