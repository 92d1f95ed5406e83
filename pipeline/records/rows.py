"""A row as it is read, and the columns that describe an upload and the message that brought it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.common import identity
from pipeline.common.events import Delivery, Upload

Value = dict[str, Any]
"""A value in DynamoDB's JSON, e.g. `{"S": "text"}`."""
Columns = dict[str, Value]


QUARANTINED_AT = "quarantined_at"
"""Column that only the row of a partial upload has."""


@dataclass(frozen=True)
class Row:
    """What the code asks about a row."""

    file_id: str
    status: str
    attempts: int = 0
    redrives: int = 0
    claimed_by: str | None = None
    destination_version_id: str | None = None
    has_error: bool = False
    is_partial: bool = False
    """The upload broke off: the row stays `failed`, whatever happens."""
    is_held: bool = False
    """The latest holder of the claim has not said how it ended."""
    partial_transfer: str | None = None
    """Which transfer has left it, where it is partial."""

    @classmethod
    def of(cls, item: Mapping[str, Mapping[str, Any]]) -> Row:
        """Read a row from DynamoDB's JSON."""
        return cls(
            file_id=item["file_id"]["S"],
            status=item["status"]["S"],
            attempts=int(item.get("attempts", {"N": 0})["N"]),
            redrives=int(item.get("redrives", {"N": 0})["N"]),
            claimed_by=item.get("claimed_by", {}).get("S"),
            destination_version_id=item.get("destination_version_id", {}).get("S"),
            has_error="error_type" in item,
            is_partial=QUARANTINED_AT in item,
            is_held=_text(item, "processing_at") > _text(item, "handler_ended_at"),
            partial_transfer=_text(item, "partial_transfer") or None,
        )


def _text(item: Mapping[str, Mapping[str, Any]], name: str) -> str:
    return str(item.get(name, {}).get("S", ""))


def columns(values: Mapping[str, str | int | None]) -> Columns:
    """Return plain values as columns. `None` and empty texts get none."""
    return {name: _value(value) for name, value in values.items() if value not in (None, "")}


def _value(value: str | int | None) -> Value:
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def of_upload(upload: Upload, destination_bucket: str) -> Columns:
    """Return the columns that never change."""
    return columns(
        {
            "key": upload.key,
            "source_bucket": upload.bucket,
            "destination_bucket": destination_bucket,
            "customer_id": identity.customer_id(upload.key),
            "version_id": upload.version_id,
            "size_bytes": upload.size_bytes,
            "etag": upload.etag,
            "sequencer": upload.sequencer,
            "upload_timestamp": upload.uploaded_at,
        }
    )


def of_delivery(delivery: Delivery) -> Columns:
    """Return what SQS says about the message of this attempt."""
    return columns(
        {
            "queued_at": delivery.queued_at,
            "first_received_at": delivery.first_received_at,
            "receive_count": delivery.receive_count,
        }
    )
