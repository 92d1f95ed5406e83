"""Rows for a pipeline that has no table: a version at the destination stands for `transferred`.

That lists the bucket, so it is done only now and then. Times are not known: S3's own have a resolution of one
second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from harness.clock import now
from harness.measure import objects
from harness.measure.joining import CLOCK_SLACK_S
from harness.measure.ledger import LedgerEntry
from harness.measure.packed.versions import PackedVersions
from harness.measure.rows import TRANSFERRED, Row

LIST_EVERY_S = 2.0


class Waiting(Protocol):
    """An upload whose end is not known yet."""

    @property
    def entry(self) -> LedgerEntry: ...


class DestinationRows:
    """Answers as `RowReader` does.

    :param outstanding: `file_id` to upload, the oldest first
    """

    def __init__(
        self,
        client: Any,
        bucket: str,
        outstanding: Mapping[str, Waiting],
        clock: Callable[[], float] = now,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._outstanding = outstanding
        self._clock = clock
        self._listed_at = float("-inf")
        self._taken: dict[str, int] = {}

    def fetch(self, file_ids: Iterable[str]) -> dict[str, Row]:
        """Return a row for each of these uploads whose key has a version of its own by now.

        :raises StackLostError: the engine does not answer
        :raises AwsError: the bucket cannot be listed
        """
        asked = [file_id for file_id in file_ids if file_id in self._outstanding]
        if not asked or self._clock() - self._listed_at < LIST_EVERY_S:
            return {}
        self._listed_at = self._clock()
        keys = {self._outstanding[file_id].entry.key for file_id in asked}
        found = objects.list_versions(self._client, self._bucket, keys)
        return {file_id: Row(file_id, TRANSFERRED) for file_id in asked if self._has_arrived(file_id, found)}

    def _has_arrived(self, file_id: str, found: PackedVersions) -> bool:
        entry = self._outstanding[file_id].entry
        begun = entry.intended_at - CLOCK_SLACK_S
        versions = [
            version
            for version in found.get(entry.key, ())
            if not version.is_delete_marker and version.modified_at >= begun
        ]
        taken = self._taken.get(entry.key, 0)
        if len(versions) <= taken:
            return False
        self._taken[entry.key] = taken + 1
        return True
