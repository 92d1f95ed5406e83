"""The input of an execution, whoever sent it.

| sender | input |
|---|---|
| rule | the whole EventBridge event `Object Created` |
| Starter | the same event, with `delivery`: what SQS says about its message |
| Pipe | a list of one item that holds the event as `event` (batch size 1), or that item itself |
| by hand | the event, with `"redrive": true` where a failed row is to be tried again |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.common.events import Delivery, MalformedRecordError, Upload, read_upload
from pipeline.workflow.errors import MalformedEventError


@dataclass(frozen=True)
class Arrival:
    """An upload that a state machine is to handle."""

    upload: Upload
    delivery: Delivery | None = None
    is_redrive: bool = False


def read(given: Any) -> Arrival:
    """Read an execution's input.

    :raises MalformedEventError: there is no upload in it
    """
    item = _single(given)
    try:
        upload = read_upload(item.get("event", item))
    except MalformedRecordError as exc:
        raise MalformedEventError(f"{exc}; start the execution with an S3 event 'Object Created'") from exc
    return Arrival(upload, _delivery(item.get("delivery")), item.get("redrive") is True)


def _single(given: Any) -> Mapping[str, Any]:
    items = given if isinstance(given, list) else [given]
    if len(items) != 1 or not isinstance(items[0], Mapping):
        raise MalformedEventError(
            f"one execution takes one event, not {len(items)}; set the batch size of the Pipe to 1"
            if len(items) != 1
            else f"the input is no object but {type(items[0]).__name__}"
        )
    return items[0]


def delivery_fields(delivery: Delivery) -> dict[str, Any]:
    """Return what the Starter adds to the event about its message."""
    return {
        "message_id": delivery.message_id,
        "receive_count": delivery.receive_count,
        "queued_at": delivery.queued_at,
        "first_received_at": delivery.first_received_at,
    }


def _delivery(fields: Mapping[str, Any] | None) -> Delivery | None:
    if fields is None:
        return None
    return Delivery(
        message_id=fields["message_id"],
        receipt_handle="",
        receive_count=int(fields["receive_count"]),
        queued_at=fields["queued_at"],
        first_received_at=fields["first_received_at"],
    )
