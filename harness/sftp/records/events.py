"""Events that Transfer Family puts on the default bus, to the field.

https://docs.aws.amazon.com/transfer/latest/userguide/events-detail-reference.html
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from harness.sftp.records.json_api import encode

SOURCE = "aws.transfer"

Subject = Literal[
    "File Upload", "File Download", "File Delete", "File Rename", "Directory Create", "Directory Delete"
]
FailureCode = Literal["PARTIAL_UPLOAD", "PARTIAL_DOWNLOAD", "UNKNOWN_ERROR"]
Protocol = Literal["SFTP", "FTPS", "FTP"]


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """Whose session it is."""

    id: str
    user: str
    source_ip: str = ""
    protocol: Protocol = "SFTP"


class Failure(NamedTuple):
    code: FailureCode
    message: str


class Happening(NamedTuple):
    """Something that a session did, with its end. Times are seconds since the epoch. A tuple, because it is
    made in the event loop for every file: a frozen dataclass takes five times as long.
    """

    subject: Subject
    session: SessionInfo
    paths: tuple[str, ...]
    """One real path (`/bucket/key`); for a rename the old one and the new one."""
    started_at: float
    ended_at: float
    failure: Failure | None = None
    size_bytes: int | None = None
    etag: str | None = None
    version_id: str | None = None
    on_handled: Callable[[], object] | None = None
    """Called in the outlet's thread when its event was put on the bus, or could not be."""


def detail_type(happening: Happening) -> str:
    """Return e.g. `SFTP Server File Upload Completed`."""
    outcome = "Completed" if happening.failure is None else "Failed"
    return f"{happening.session.protocol} Server {happening.subject} {outcome}"


def detail(happening: Happening, server_id: str) -> dict[str, Any]:
    """Return the event's `detail`, in the order of AWS's samples."""
    session, failure = happening.session, happening.failure
    fields = {
        "failure-code": failure and failure.code,
        "status-code": "FAILED" if failure else "COMPLETED",
        "protocol": session.protocol,
        "bytes": happening.size_bytes,
        "client-ip": session.source_ip,
        "failure-message": failure and failure.message,
        "end-timestamp": to_nanoseconds(happening.ended_at),
        "etag": happening.etag,
        **_paths(happening),
        "server-id": server_id,
        "username": session.user,
        "session-id": session.id,
        "start-timestamp": to_nanoseconds(happening.started_at),
    }
    return {name: value for name, value in fields.items() if value is not None}


def entry(happening: Happening, server_id: str, resource_arn: str) -> dict[str, Any]:
    """Return what `PutEvents` takes. `Time` has whole seconds, as events of AWS services have."""
    return {
        "Source": SOURCE,
        "DetailType": detail_type(happening),
        "Detail": encode(detail(happening, server_id)),
        "Resources": [resource_arn],
        "Time": int(happening.ended_at),
    }


def to_nanoseconds(epoch_s: float) -> str:
    """Format as RFC 3339 with nine digits, e.g. `2024-01-29T16:31:43.311866408Z`. A float of today's time
    tells steps of 240 ns.
    """
    seconds = int(epoch_s)
    nanoseconds = min(round((epoch_s - seconds) * 1e9), 999_999_999)
    return f"{_to_seconds(seconds)}.{nanoseconds:09d}Z"


@functools.lru_cache(maxsize=64)
def _to_seconds(epoch_s: int) -> str:
    return f"{datetime.fromtimestamp(epoch_s, UTC):%Y-%m-%dT%H:%M:%S}"


def _paths(happening: Happening) -> dict[str, str]:
    if happening.subject == "File Rename":
        old, new = happening.paths
        return {"original-file-path": old, "renamed-file-path": new}
    kind = "directory-path" if happening.subject.startswith("Directory") else "file-path"
    return {kind: happening.paths[0]}
