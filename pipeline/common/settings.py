"""The worker's settings, all from environment variables that the template sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Read once, when the Lambda environment starts."""

    destination_bucket: str
    table_name: str
    work_queue_url: str
    multipart_threshold_bytes: int
    """Objects larger than this are copied by parts. `CopyObject` takes 5 GiB at most."""
    part_size_bytes: int
    part_concurrency: int
    """Parts of one object that are copied at the same time."""
    record_concurrency: int
    """Records of one batch that are handled at the same time."""
    retry_delays_s: tuple[int, ...]
    """Time until a failed message is visible again, after its first, second, … receive; the last repeats."""
    deadline_reserve_s: float
    """Time that is kept at the end of an invocation to write what has happened."""
    read_timeout_s: float
    """Time that AWS has for one answer. Must fit several times into the function's timeout."""
    keep_source_tags: bool
    """Also carry the tags of small objects over, for one more S3 call per file."""
    check_source_is_current: bool
    """Look before the copy whether the key still shows this upload, for one more S3 call per file."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Raises `KeyError` or `ValueError` for what is missing or no number: the function must not start."""
        return cls(
            destination_bucket=environment["DESTINATION_BUCKET"],
            table_name=environment["TABLE_NAME"],
            work_queue_url=environment["WORK_QUEUE_URL"],
            multipart_threshold_bytes=int(environment["MULTIPART_THRESHOLD_BYTES"]),
            part_size_bytes=int(environment["PART_SIZE_BYTES"]),
            part_concurrency=int(environment["PART_CONCURRENCY"]),
            record_concurrency=int(environment["RECORD_CONCURRENCY"]),
            retry_delays_s=tuple(int(delay) for delay in environment["RETRY_DELAYS_S"].split(",")),
            deadline_reserve_s=float(environment["DEADLINE_RESERVE_S"]),
            read_timeout_s=float(environment["READ_TIMEOUT_S"]),
            keep_source_tags=environment["KEEP_SOURCE_TAGS"] == "true",
            check_source_is_current=environment["CHECK_SOURCE_IS_CURRENT"] == "true",
        )

    def retry_delay_s(self, receive_count: int) -> int:
        """Return how long a message stays hidden that has failed on its `receive_count`-th receive."""
        return self.retry_delays_s[min(receive_count, len(self.retry_delays_s)) - 1]
