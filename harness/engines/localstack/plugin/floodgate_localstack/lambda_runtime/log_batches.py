"""Groups log events into as few PutLogEvents calls as the API allows.

Limits: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html.
"""

from collections.abc import Iterable, Iterator, Sequence

from floodgate_localstack.lambda_runtime.log_capture import LogEvent

EVENTS_LIMIT = 10_000
BATCH_LIMIT_BYTES = 1_048_576
EVENT_LIMIT_BYTES = 256 * 1024 - 26
EVENT_OVERHEAD_BYTES = 26

Stream = tuple[str, str]


def by_stream(items: Iterable[tuple[Stream, Sequence[LogEvent]]]) -> dict[Stream, list[LogEvent]]:
    """All events of each stream, in the order in which they came."""
    streams: dict[Stream, list[LogEvent]] = {}
    for stream, events in items:
        streams.setdefault(stream, []).extend(events)
    return streams


def batches(events: Iterable[LogEvent]) -> Iterator[list[LogEvent]]:
    """Events in order, in batches within the limits; an event that is too long is split as Lambda does.

    A call with times that go back is refused, and lines of the logger carry their own time: such an event
    takes the time of the one before.
    """
    batch: list[LogEvent] = []
    size_bytes, latest_ms = 0, 0
    for event in _split_long(events):
        latest_ms = max(latest_ms, event.at_ms)
        event_bytes = len(event.message.encode()) + EVENT_OVERHEAD_BYTES
        if batch and (len(batch) == EVENTS_LIMIT or size_bytes + event_bytes > BATCH_LIMIT_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append(LogEvent(latest_ms, event.message))
        size_bytes += event_bytes
    if batch:
        yield batch


def _split_long(events: Iterable[LogEvent]) -> Iterator[LogEvent]:
    for event in events:
        # A character has at most 4 bytes, so most messages need not be encoded to know that they fit.
        if len(event.message) * 4 <= EVENT_LIMIT_BYTES:
            yield event
            continue
        rest = event.message.encode()
        while rest:
            piece = rest[:EVENT_LIMIT_BYTES].decode("utf-8", "ignore")
            yield LogEvent(event.at_ms, piece)
            rest = rest[len(piece.encode()) :]
