"""What functions log goes to CloudWatch Logs as AWS does it: a stream for each environment, events in order.

MiniStack makes a stream for each invocation, in which every event has the same time.
"""

from __future__ import annotations

import threading
import time
from importlib import import_module
from typing import Any

from floodgate_localstack.lambda_runtime.log_capture import LogEvent

from floodgate_ministack import configured
from floodgate_ministack.functions import RAN_HERE

_making_groups = threading.Lock()


def apply() -> None:
    """Keep MiniStack from writing again what `write` has written."""
    service: Any = import_module("ministack.services.lambda_svc")
    original = service._emit_lambda_logs

    def emit(*args: Any, log_source: str | None = None, **kwargs: Any) -> None:
        if log_source != RAN_HERE:
            original(*args, log_source=log_source, **kwargs)

    service._emit_lambda_logs = emit


def write(config: dict[str, Any], stream_name: str, events: list[LogEvent]) -> None:
    """Add the events of an invocation to the stream of its environment."""
    logs: Any = import_module("ministack.services.cloudwatch_logs")
    group_name = configured.log_group(config)
    now_ms = int(time.time() * 1000)
    stream = _group(logs, group_name, now_ms)["streams"].setdefault(stream_name, _new_stream(now_ms))
    entries = [{"timestamp": each.at_ms, "message": each.message} for each in events]
    logs._append_log_events(stream, [{**entry, "ingestionTime": now_ms} for entry in entries])
    logs._fanout_to_subscription_filters(group_name, stream_name, entries)


def _group(logs: Any, name: str, now_ms: int) -> dict[str, Any]:
    """Return a log group, made if need be: one, also where two functions' first invocations end together."""
    with _making_groups:
        group: dict[str, Any] | None = logs._log_groups.get(name)
        if group is None:
            logs._log_groups[name] = group = _new_group(logs, name, now_ms)
        return group


def _new_group(logs: Any, name: str, now_ms: int) -> dict[str, Any]:
    return {
        "arn": logs._make_group_arn(name),
        "creationTime": now_ms,
        "retentionInDays": None,
        "tags": {},
        "subscriptionFilters": {},
        "streams": {},
    }


def _new_stream(now_ms: int) -> dict[str, Any]:
    return {
        "events": [],
        "uploadSequenceToken": "1",
        "creationTime": now_ms,
        "firstEventTimestamp": None,
        "lastEventTimestamp": None,
        "lastIngestionTime": None,
    }
