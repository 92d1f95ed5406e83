"""Stores the logs of invocations in CloudWatch Logs, many in one call. Imports LocalStack."""

import logging
import time
from queue import Empty
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from localstack.aws.connect import connect_to
from localstack.services.lambda_.invocation.logs import LogHandler, LogItem
from localstack.utils.aws.client_types import ServicePrincipal

from floodgate_localstack.lambda_runtime.log_batches import Stream, batches, by_stream
from floodgate_localstack.lambda_runtime.log_capture import LogEvent

LOG = logging.getLogger(__name__)

GATHER_S = 0.5


def run_log_loop(handler: LogHandler, *_args: Any, **_kwargs: Any) -> None:
    """Replaces `LogHandler.run_log_loop`: gathers for a moment, then makes one call for each log stream."""
    client = connect_to.with_assumed_role(
        region_name=handler.region, role_arn=handler.role_arn, service_principal=ServicePrincipal.lambda_
    ).logs
    open_ = True
    while open_:
        first = handler.log_queue.get()
        handler._shutdown_event.wait(GATHER_S)
        items = _everything_queued(handler, first)
        open_ = all(isinstance(item, LogItem) for item in items)
        entries = [((item.log_group, item.log_stream), _events(item)) for item in items if _is_log(item)]
        for stream, events in by_stream(entries).items():
            _store(client, stream, events)


def _everything_queued(handler: LogHandler, first: Any) -> list[Any]:
    items = [first]
    while True:
        try:
            items.append(handler.log_queue.get_nowait())
        except Empty:
            return items


def _is_log(item: Any) -> bool:
    return isinstance(item, LogItem)


def _events(item: LogItem) -> list[LogEvent]:
    known: list[LogEvent] | None = getattr(item.logs, "events", None)
    if known is not None:
        return known
    now_ms = int(time.time() * 1000)
    return [LogEvent(now_ms, line) for line in item.logs.split("\n") if line]


def _store(client: Any, stream: Stream, events: list[LogEvent]) -> None:
    group_name, stream_name = stream
    for batch in batches(events):
        log_events = [{"timestamp": event.at_ms, "message": event.message + "\n"} for event in batch]
        try:
            _put(client, group_name, stream_name, log_events)
        except (BotoCoreError, ClientError) as exc:
            LOG.warning("%s log events of %s could not be stored: %s", len(batch), group_name, exc)


def _put(client: Any, group_name: str, stream_name: str, log_events: list[dict[str, Any]]) -> None:
    try:
        client.put_log_events(logGroupName=group_name, logStreamName=stream_name, logEvents=log_events)
    except client.exceptions.ResourceNotFoundException:
        _create(client.create_log_group, client, logGroupName=group_name)
        _create(client.create_log_stream, client, logGroupName=group_name, logStreamName=stream_name)
        client.put_log_events(logGroupName=group_name, logStreamName=stream_name, logEvents=log_events)


def _create(create: Any, client: Any, **names: str) -> None:
    try:
        create(**names)
    except client.exceptions.ResourceAlreadyExistsException:
        LOG.debug("%s exists already", names)
