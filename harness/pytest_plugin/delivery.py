"""Waiting until the pipeline has dealt with one file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from harness.measure.objects import UPLOAD_TAG
from harness.measure.rows import SUPERSEDED, Row
from harness.pytest_plugin.stack import Stack

POLL_S = 0.1
DEFAULT_TIMEOUT_S = 60.0


class NotDeliveredError(AssertionError):
    """The file did not reach the destination; the message says what is known about it."""


@dataclass(frozen=True)
class Delivered:
    """A file at the destination."""

    key: str
    file_id: str
    version_id: str
    size_bytes: int
    row: Row | None
    """What the pipeline's table says; `None` where the pipeline has no table."""
    s3: Any
    bucket: str

    def read(self) -> bytes:
        """Return the delivered bytes."""
        body = self.s3.get_object(Bucket=self.bucket, Key=self.key, VersionId=self.version_id)["Body"]
        with body:
            content: bytes = body.read()
        return content


class WaitDelivered(Protocol):
    """The fixture `wait_delivered`."""

    def __call__(self, key: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> Delivered: ...


class Waiter:
    """Waits on one stack.

    :param pause: sleeps; tests of this class bring their own
    """

    def __init__(self, stack: Stack, pause: Callable[[float], None] = time.sleep) -> None:
        self._stack, self._pause = stack, pause

    def __call__(self, key: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> Delivered:
        """Return as soon as the newest upload of `key` is at the destination, and its row says so.

        :param key: of the object, as `sftp_client.put` returns it
        :raises NotDeliveredError: not within `timeout_s`, or never: it is superseded
        """
        deadline = time.monotonic() + timeout_s
        while True:
            file_id = self._stack.file_id(key)
            row = self._stack.row_of(file_id) if file_id else None
            if file_id and (found := self._found(key, file_id, row)):
                return found
            if row is not None and row.status == SUPERSEDED:
                raise NotDeliveredError(f"{key} will not be delivered: {_told(row)}")
            if time.monotonic() > deadline:
                raise NotDeliveredError(
                    f"{key} was not delivered within {timeout_s:g} s: {_state(file_id, row)}"
                )
            self._pause(POLL_S)

    def _found(self, key: str, file_id: str, row: Row | None) -> Delivered | None:
        has_table = bool(self._stack.description.table)
        if has_table and not (row and row.status == "transferred"):
            return None
        bucket = self._stack.destination_bucket
        try:
            head = self._stack.s3.head_object(Bucket=bucket, Key=key)
            version_id = head.get("VersionId", "null")
            if not has_table and not self._is_copy_of(key, version_id, file_id):
                return None
        except ClientError as exc:
            if exc.response["Error"]["Code"] in ("404", "NoSuchKey", "NoSuchVersion"):
                return None
            raise
        return Delivered(
            key, file_id, version_id, head["ContentLength"], row, s3=self._stack.s3, bucket=bucket
        )

    def _is_copy_of(self, key: str, version_id: str, file_id: str) -> bool:
        """Without a table: by the tag where the pipeline sets one, else any object at the key will do."""
        named = {"Bucket": self._stack.destination_bucket, "Key": key, "VersionId": version_id}
        tags = {tag["Key"]: tag["Value"] for tag in self._stack.s3.get_object_tagging(**named)["TagSet"]}
        return UPLOAD_TAG not in tags or tags[UPLOAD_TAG].startswith(f"{file_id}:")


def _state(file_id: str | None, row: Row | None) -> str:
    if file_id is None:
        return "it is not in the source bucket"
    if row is None:
        return "it is in the source bucket, and the table has no row for it"
    return _told(row)


def _told(row: Row) -> str:
    error = f", {row.error_type}: {row.error_message}" if row.error_type else ""
    return f"its row says {row.status} after {row.attempts or 0} attempts{error}"
