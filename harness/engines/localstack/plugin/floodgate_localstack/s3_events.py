"""Corrections of the events that LocalStack's S3 sends, each one a named patch.

    s3-event-key        LocalStack percent-encodes the key everywhere; EventBridge events have it plain
    s3-event-sequencer  LocalStack sends one constant
    s3-event-reason     LocalStack sends the event type for multipart uploads, and `PostObject` for forms
    s3-event-time       LocalStack takes the local time for UTC

`time` keeps its resolution of one second, as on AWS. The sequencer is given when the object is stored, under
a lock, so that the greater one of two puts of a key is always the one that became the current version.
"""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.s3_event_values import (
    SequencerClock,
    key_for_eventbridge,
    key_for_notification,
    reason_of,
)
from floodgate_localstack.versions import named_patch

_SEQUENCERS = SequencerClock()
_STORE_LOCK = threading.Lock()
_CONTEXT_FACTORIES = ("from_request_context_native", "from_request_context")


def _amend_context(amend: Any) -> None:
    """Call `amend(context, s3_object)` for each event context that LocalStack makes."""
    from localstack.services.s3.notifications import S3EventNotificationContext as EventContext

    # 4.9.2 calls it `…_native`, 4.14.0 does not.
    name = next(name for name in _CONTEXT_FACTORIES if hasattr(EventContext, name))
    original = getattr(EventContext, name)

    def from_request_context(_cls: type, request_context: Any, s3_bucket: Any, s3_object: Any) -> Any:
        context = original(request_context, s3_bucket=s3_bucket, s3_object=s3_object)
        amend(context, s3_object)
        return context

    replace(EventContext, name, classmethod(from_request_context))


def _amend_eventbridge_detail(amend: Any) -> None:
    """Call `amend(detail, context)` for the detail of each event that goes to EventBridge."""
    from localstack.services.s3.notifications import EventBridgeNotifier

    def get_event_payload(context: Any, config_id: Any = None) -> Any:
        entry = original(context, config_id)
        detail = json.loads(entry["Detail"])
        amend(detail, context)
        entry["Detail"] = json.dumps(detail)
        return entry

    original = replace(EventBridgeNotifier, "_get_event_payload", staticmethod(get_event_payload))


def _amend_record(amend: Any) -> None:
    """Call `amend(record, context)` for each record of a notification to SQS, SNS or Lambda."""
    from localstack.services.s3.notifications import BaseNotifier

    def get_event_payload(context: Any, config_id: Any) -> Any:
        notification = original(context, config_id)
        for record in notification["Records"]:
            amend(record, context)
        return notification

    original = replace(BaseNotifier, "_get_event_payload", staticmethod(get_event_payload))


@named_patch("s3-event-key")
def apply_key() -> None:
    def keep_plain_key(context: Any, s3_object: Any) -> None:
        context.floodgate_key = s3_object.key
        context.key_name = key_for_notification(s3_object.key)

    def set_key(detail: dict[str, Any], context: Any) -> None:
        detail["object"]["key"] = key_for_eventbridge(context.floodgate_key)

    _amend_context(keep_plain_key)
    _amend_eventbridge_detail(set_key)


@named_patch("s3-event-sequencer")
def apply_sequencer() -> None:
    from localstack.services.s3.models import KeyStore, VersionedKeyStore

    for store in (KeyStore, VersionedKeyStore):
        _stamp_on_store(store)

    def keep_sequencer(context: Any, s3_object: Any) -> None:
        is_new = "ObjectCreated" in context.event_type or "DeleteMarkerCreated" in context.event_type
        stamped = getattr(s3_object, "floodgate_sequencer", None) if is_new else None
        context.floodgate_sequencer = stamped or _SEQUENCERS.next()

    def set_in_detail(detail: dict[str, Any], context: Any) -> None:
        if "sequencer" in detail["object"]:
            detail["object"]["sequencer"] = context.floodgate_sequencer

    def set_in_record(record: dict[str, Any], context: Any) -> None:
        if "sequencer" in record["s3"]["object"]:
            record["s3"]["object"]["sequencer"] = context.floodgate_sequencer

    _amend_context(keep_sequencer)
    _amend_eventbridge_detail(set_in_detail)
    _amend_record(set_in_record)


def _stamp_on_store(store: type) -> None:
    def set_object(self: Any, object_key: str, s3_object: Any) -> None:
        with _STORE_LOCK:
            s3_object.floodgate_sequencer = _SEQUENCERS.next()
            original(self, object_key, s3_object)

    original = replace(store, "set", set_object)


@named_patch("s3-event-reason")
def apply_reason() -> None:
    def set_reason(detail: dict[str, Any], context: Any) -> None:
        if "ObjectCreated" in context.event_type:
            detail["reason"] = reason_of(context.event_type)

    _amend_eventbridge_detail(set_reason)


@named_patch("s3-event-time")
def apply_time() -> None:
    def set_time(context: Any, _s3_object: Any) -> None:
        context.event_time = datetime.now(UTC)

    _amend_context(set_time)


def apply() -> None:
    apply_key()
    apply_sequencer()
    apply_reason()
    apply_time()
