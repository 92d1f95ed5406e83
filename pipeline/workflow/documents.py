"""What one task tells the next: a file, with more fields after each task; in the end, the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from pipeline.common.events import Upload
from pipeline.records import states

STARTED_BY = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
"""Field that the console links a child to its parent by. Here it also says who holds the claim.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-nested-workflows.html"""

NO_TRANSFORM = "none"
_STATUSES = {states.TRANSFERRED: "Success", states.SUPERSEDED: "Superseded", states.FAILED: "Failed"}


@dataclass(frozen=True)
class Staged:
    """What Process has made of a file, in the processing bucket."""

    bucket: str
    version_id: str | None
    etag: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class FileDocument:
    """An upload on its way through the tasks. Fields that a task has not filled in yet are `None`."""

    upload: Upload
    execution: str
    """ARN of the execution that has claimed the file: the parent's, also in its child."""
    attempt: int
    child_name: str
    """Name of the child execution; the same for every try of this attempt."""
    transform: str | None = None
    content_type: str | None = None
    sha256: str | None = None
    """Of the upload, in hex; `None` where it was gone before it could be read."""
    row_count: int | None = None
    staged: Staged | None = None

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """Read what `to_json` has made."""
        staged = given.get("staged")
        return cls(
            upload=Upload(**given["upload"]),
            execution=given[STARTED_BY],
            attempt=given["attempt"],
            child_name=given["child_name"],
            transform=given.get("transform"),
            content_type=given.get("content_type"),
            sha256=given.get("sha256"),
            row_count=given.get("row_count"),
            staged=Staged(**staged) if staged else None,
        )

    def to_json(self) -> dict[str, Any]:
        """Return it for the next task, without the fields that are still empty."""
        told = {name: value for name, value in asdict(self).items() if value is not None}
        told[STARTED_BY] = told.pop("execution")
        return told

    def with_(self, **found: Any) -> Self:
        """Return it with more fields."""
        return replace(self, **found)


def child_name(file_id: str, attempt: int, redrives: int) -> str:
    """Return the name of a child execution. Attempts start again after a redrive, names must not."""
    return f"{file_id}-{attempt}" + (f"-r{redrives}" if redrives else "")


def result(upload: Upload, destination_bucket: str, status: str, **more: Any) -> dict[str, Any]:
    """Return the output of an execution.

    :param status: the row's; the output says `Success`, `Superseded` or `Failed`
    :param more: further fields; those that are `None` are left out
    """
    told = {
        "status": _STATUSES[status],
        "message": _message(upload.key, status),
        "file_id": upload.file_id,
        "source_bucket": upload.bucket,
        "destination_bucket": destination_bucket,
        "key": upload.key,
        "version_id": upload.version_id,
        "size_bytes": upload.size_bytes,
        **more,
    }
    return {name: value for name, value in told.items() if value is not None}


def _message(key: str, status: str) -> str:
    if status == states.TRANSFERRED:
        return f"File {key} copied successfully"
    if status == states.SUPERSEDED:
        return f"File {key} is not copied: it is gone, or a newer upload is there"
    return f"File {key} could not be copied"
