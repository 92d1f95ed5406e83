"""Moves copies of a partial upload from the destination to the quarantine bucket.

A bucket of its own rather than a prefix: no customer's folder can have its name, and nobody who reads the
destination sees a truncated file. The key there is the `file_id`, which fits whatever the file's key is; the
row says which file that was.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from pipeline.common.deadline import Deadline
from pipeline.common.events import Upload
from pipeline.quarantine.settings import QuarantineSettings
from pipeline.transfer import parts, plans
from pipeline.transfer.plans import Plan
from pipeline.transfer.withdrawing import CopyVersion, Withdrawal

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion"})


@dataclass(frozen=True)
class Evidence:
    """The way from the destination to the quarantine bucket.

    :param part_pool: threads that copy the parts of large objects
    """

    s3: S3Client
    withdrawal: Withdrawal
    settings: QuarantineSettings
    part_pool: Executor

    def secure(self, upload: Upload, deadline: Deadline) -> int:
        """Move every copy of the upload; return how many there were. What has gone meanwhile is no error."""
        moved = 0
        for copy in self.withdrawal.copies(upload):
            if self._keep(upload, copy, deadline):
                self.withdrawal.delete(copy)
                moved += 1
        return moved

    def _keep(self, upload: Upload, copy: CopyVersion, deadline: Deadline) -> bool:
        found = replace(
            upload,
            bucket=self.settings.destination_bucket,
            version_id=copy.version_id,
            size_bytes=copy.size_bytes,
        )
        try:
            self._copy(found, deadline)
        except ClientError as exc:
            if exc.response["Error"]["Code"] in _GONE:
                return False
            raise
        return True

    def _copy(self, found: Upload, deadline: Deadline) -> None:
        bucket = self.settings.quarantine_bucket
        plan = plans.for_empty_place(found, self.settings)
        if plan.part_size_bytes:
            anywhere = Plan({}, plan.part_size_bytes)
            parts.copy_by_parts(self.s3, found, bucket, anywhere, self.part_pool, deadline, key=found.file_id)
            return
        self.s3.copy_object(Bucket=bucket, Key=found.file_id, CopySource=parts.copy_source(found))
