"""The list of uploads, where the SFTP server writes none: made from the source bucket while a run goes on.

A server of AWS Transfer Family tells nobody which version an upload became. Every few seconds the versions of
the files that clients have acknowledged since are listed, and written to `uploads.jsonl` as our own server
would have done, with the client's time of the end of each upload.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from harness import aws
from harness.exceptions import AwsError, StackLostError
from harness.measure import objects
from harness.measure.ledger import UPLOADED, LedgerEntry, LedgerReader
from harness.measure.versions import ObjectVersion
from harness.run.session import StackSession
from harness.stack.sftp_options import TRANSFER

_EVERY_S = 2.0
_END_WITHIN_S = 30.0


@contextmanager
def listed_uploads(session: StackSession, ledger_dir: Path) -> Iterator[None]:
    """Keep the list as long as the body runs, for stacks whose SFTP server keeps none."""
    if session.description.options.get("sftp_endpoint") != TRANSFER:
        yield
        return
    bucket = session.description.buckets["source"]
    lister = BucketUploads(
        aws.client("s3", session.description.engine), bucket, ledger_dir, session.uploads_file
    )
    end = threading.Event()
    thread = threading.Thread(target=lister.follow, args=(end,), name="bucket-uploads", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(_END_WITHIN_S)


class BucketUploads:
    """Looks up the versions of acknowledged uploads.

    :param s3: client of the account
    :param ledger_dir: where the generator writes down what it uploads
    :param uploads_file: gets a line for each version
    """

    def __init__(self, s3: Any, bucket: str, ledger_dir: Path, uploads_file: Path) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._ledger = LedgerReader(ledger_dir)
        self._uploads_file = uploads_file
        self._waiting: dict[str, list[LedgerEntry]] = defaultdict(list)
        """By key, the earliest acknowledged first."""
        self._told: set[tuple[str, str]] = set()

    def follow(self, end: threading.Event) -> None:
        """Look every few seconds until `end`. What AWS refuses now is looked up again, or in settling."""
        while not end.wait(_EVERY_S):
            try:
                self.look()
            except (AwsError, StackLostError):
                continue

    def look(self) -> int:
        """Write down the versions that are known now; return how many.

        :raises AwsError: the bucket cannot be listed
        :raises StackLostError: S3 does not answer
        """
        for entry in self._ledger.poll():
            if entry.end == UPLOADED:
                self._waiting[entry.key].append(entry)
        if not self._waiting:
            return 0
        found = objects.list_versions(self._s3, self._bucket, list(self._waiting), with_markers=False)
        with self._uploads_file.open("a", encoding="utf-8") as file:
            keys = [key for key in self._waiting if key in found]
            return sum([self._match(key, found.peek(key), file) for key in keys])

    def _match(self, key: str, versions: Sequence[ObjectVersion], file: TextIO) -> int:
        """Pair a key's uploads with its versions in the order of time."""
        new = [version for version in versions if (key, version.version_id) not in self._told]
        entries = self._waiting[key]
        pairs = list(zip(entries, new, strict=False))
        for entry, version in pairs:
            file.write(json.dumps(_line(self._bucket, entry, version)) + "\n")
            self._told.add((key, version.version_id))
        self._waiting[key] = entries[len(pairs) :]
        if not self._waiting[key]:
            del self._waiting[key]
        return len(pairs)


def _line(bucket: str, entry: LedgerEntry, version: ObjectVersion) -> dict[str, Any]:
    return {
        "event": "closed",
        "bucket": bucket,
        "key": entry.key,
        "version_id": version.version_id,
        "size_bytes": version.size_bytes,
        "closed_at": entry.ended_at,
    }
