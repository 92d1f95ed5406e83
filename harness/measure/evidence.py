"""What the stack holds about the run's files, gathered in one place so that judging it needs no AWS."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from harness import aws
from harness.engines.base import EngineInfo, Progress
from harness.exceptions import AwsError
from harness.measure import objects, queues
from harness.measure.objects import ObjectVersion
from harness.measure.queues import PeekQueue, QueueView
from harness.measure.rows import Row, RowReader
from harness.stack.description import StackDescription

VersionsByKey = dict[str, list[ObjectVersion]]
_PARALLEL_READS = 8
_REPORT_EVERY = 500


@dataclass(slots=True)
class Evidence:
    """Everything that is known about the run's files besides what the sender said."""

    rows: dict[str, Row] = field(default_factory=dict)
    destination: VersionsByKey = field(default_factory=dict)
    source: VersionsByKey = field(default_factory=dict)
    """Holds only the keys that were asked for, with an empty list where nothing is left of a key."""
    work_queue: QueueView = field(default_factory=lambda: QueueView(0, ()))
    dead_letters: QueueView = field(default_factory=lambda: QueueView(0, ()))
    complete: bool = True
    """`False` when the stack was gone: absence then proves nothing."""


class EvidenceSource(Protocol):
    """Where evidence comes from. Every method may raise `StackLostError` and `AwsError`."""

    def rows(self, file_ids: Iterable[str]) -> dict[str, Row]:
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
        """Look at the work queue."""

    def dead_letters(self) -> QueueView:
        """Look at the dead-letter queue."""


class AwsEvidence:
    """Evidence from a running stack, through the AWS API only."""

    def __init__(self, engine: EngineInfo, description: StackDescription, peek: PeekQueue | None) -> None:
        self._s3 = aws.client("s3", engine)
        self._sqs = aws.client("sqs", engine)
        self._rows = RowReader(aws.client("dynamodb", engine), description.table)
        self._description = description
        self._peek = peek

    def rows(self, file_ids: Iterable[str]) -> dict[str, Row]:
        return self._rows.fetch_all(file_ids)

    def destination(self, keys: Collection[str]) -> VersionsByKey:
        found = self._versions("destination", keys)
        objects_only = {
            key: [version for version in versions if not version.is_delete_marker]
            for key, versions in found.items()
        }
        return {key: versions for key, versions in objects_only.items() if versions}

    def source(self, keys: Collection[str]) -> VersionsByKey:
        return self._versions("source", keys)

    def _versions(self, bucket: str, keys: Collection[str]) -> VersionsByKey:
        try:
            return objects.list_versions(self._s3, self._description.buckets[bucket], keys)
        except AwsError as exc:
            if exc.code != "NoSuchBucket":
                raise
            return {}  # a bucket that is gone holds nothing

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
        url = self._description.queues.get("work")
        return queues.view(self._sqs, url, self._peek) if url else QueueView(0, ())

    def dead_letters(self) -> QueueView:
        url = self._description.queues.get("dlq")
        return queues.view_dead_letters(self._sqs, url, self._peek) if url else QueueView(0, ())
