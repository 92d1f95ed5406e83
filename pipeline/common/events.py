"""Reads SQS records that carry an EventBridge event `Object Created` of S3.

The key is taken as it stands: unlike S3's own notifications, its EventBridge events do not percent-encode it.
(The data class of Powertools decodes it, which would turn `a+b` into `a b`; so it is not used here.)
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.common import clock, identity


class MalformedRecordError(ValueError):
    """The message body is not an `Object Created` event of S3."""


@dataclass(frozen=True)
class Upload:
    """One uploaded object, as its event tells it."""

    file_id: str
    bucket: str
    key: str
    version_id: str | None
    """`None` where the source bucket is not versioned."""
    size_bytes: int
    etag: str
    sequencer: str
    uploaded_at: str

    @property
    def is_directory_marker(self) -> bool:
        """Whether this is no file but the empty object that stands for a folder."""
        return self.key.endswith("/")


@dataclass(frozen=True)
class Delivery:
    """One receive of the SQS message that carries an upload."""

    message_id: str
    receipt_handle: str
    receive_count: int
    queued_at: str
    first_received_at: str
    group: str | None = None
    """Message group of a FIFO queue, whose messages are handled in order; `None` on a Standard queue."""


def parse_delivery(record: Mapping[str, Any]) -> Delivery:
    """Read what SQS says about the message itself. This part never depends on the sender."""
    attributes = record["attributes"]
    return Delivery(
        message_id=record["messageId"],
        receipt_handle=record["receiptHandle"],
        receive_count=int(attributes["ApproximateReceiveCount"]),
        queued_at=clock.from_epoch(int(attributes["SentTimestamp"]) / 1000),
        first_received_at=clock.from_epoch(int(attributes["ApproximateFirstReceiveTimestamp"]) / 1000),
        # Fair queues are Standard and have groups, too, but no sequence.
        group=attributes.get("MessageGroupId") if "SequenceNumber" in attributes else None,
    )


def parse_upload(body: str) -> Upload:
    """Read the event in a message body.

    :raises MalformedRecordError: it is something else, with the reason in the message
    """
    try:
        event = json.loads(body)
    except ValueError as exc:
        raise MalformedRecordError(f"the body is no S3 event: {exc}") from exc
    return read_upload(event)


def read_upload(event: Mapping[str, Any]) -> Upload:
    """Read an event that has been parsed already, as the input of a state machine has.

    :raises MalformedRecordError: it is something else, with the reason in the message
    """
    try:
        if event["detail-type"] != "Object Created":
            raise MalformedRecordError(f"the event is '{event['detail-type']}', not 'Object Created'")
        return _upload(event["time"], event["detail"])
    except MalformedRecordError:
        raise
    except KeyError as exc:
        raise MalformedRecordError(f"the event has no {exc}") from exc
    except (ValueError, TypeError, AttributeError) as exc:
        raise MalformedRecordError(f"the body is no S3 event: {exc}") from exc


def _upload(time: str, detail: Mapping[str, Any]) -> Upload:
    bucket, found = _text(detail["bucket"], "name"), detail["object"]
    key, etag = _text(found, "key"), _text(found, "etag")
    sequencer, version_id = _text(found, "sequencer"), found.get("version-id") or None
    return Upload(
        file_id=identity.file_id(bucket, key, identity.upload_version(version_id, etag, sequencer)),
        bucket=bucket,
        key=key,
        version_id=version_id,
        size_bytes=int(found["size"]),
        etag=etag,
        sequencer=sequencer,
        uploaded_at=clock.from_event_time(time),
    )


def _text(container: Mapping[str, Any], name: str) -> str:
    value = container[name]
    if not isinstance(value, str) or not value:
        raise MalformedRecordError(f"'{name}' of the event is not a text: {value!r}")
    return value
