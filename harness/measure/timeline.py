"""What happened when: counts per interval, the mean rates, and whether the backlog grew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate

from harness.measure.records import FileRecord, Outcome
from harness.measure.results import Rate, Timeline

MAX_POINTS = 7200
_INTERVALS_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
_WARM_UP_SHARE = 0.2
_SERIES = ("offered", "uploaded", "delivered", "failed", "resolved")
_BAD_ENDS = (Outcome.FAILED, Outcome.DLQ)
_NOT_UPLOADED = (Outcome.NOT_STARTED, Outcome.UPLOAD_FAILED, Outcome.ABORTED)


class TimelineBuilder:
    """Collects moments in any order and turns them into series."""

    def __init__(self) -> None:
        self._per_second: dict[str, Counter[int]] = {name: Counter() for name in _SERIES}

    def offered(self, at: float) -> None:
        self._per_second["offered"][int(at)] += 1

    def uploaded(self, at: float) -> None:
        self._per_second["uploaded"][int(at)] += 1

    def delivered(self, at: float) -> None:
        self._per_second["delivered"][int(at)] += 1
        self._per_second["resolved"][int(at)] += 1

    def failed(self, at: float) -> None:
        self._per_second["failed"][int(at)] += 1
        self._per_second["resolved"][int(at)] += 1

    def superseded(self, at: float) -> None:
        self._per_second["resolved"][int(at)] += 1

    def unfail(self, at: float) -> None:
        """Take back a failure that a later attempt has mended."""
        self._per_second["failed"][int(at)] -= 1
        self._per_second["resolved"][int(at)] -= 1

    def add(self, series: str, moments: Iterable[float]) -> None:
        """Add many moments to one of the series."""
        self._per_second[series].update(map(int, moments))

    def build(self) -> Timeline:
        """Return the series from the first moment to the last."""
        seconds = [second for counts in self._per_second.values() for second in counts]
        if not seconds:
            return Timeline()
        first, last = min(seconds), max(seconds)
        interval_s = _interval_s(last - first + 1)
        length = int((last - first) // interval_s) + 1
        series = {name: _bucketed(self._per_second[name], first, interval_s, length) for name in _SERIES}
        resolved = series.pop("resolved")
        change = (came - went for came, went in zip(series["uploaded"], resolved, strict=True))
        return Timeline(float(first), interval_s, **series, backlog=[max(0, n) for n in accumulate(change)])


def _interval_s(span_s: int) -> float:
    return next((step for step in _INTERVALS_S if span_s / step <= MAX_POINTS), _INTERVALS_S[-1])


def _bucketed(counts: Counter[int], first: int, interval_s: float, length: int) -> list[int]:
    series = [0] * length
    for second, count in counts.items():
        series[int((second - first) // interval_s)] += count
    return series


def timeline_of(records: Sequence[FileRecord]) -> Timeline:
    """Return the run's series from its settled records."""
    builder = TimelineBuilder()
    builder.add("offered", (record.intended_at for record in records))
    delivered = [record for record in records if record.outcome is Outcome.DELIVERED]
    others = [
        record
        for record in records
        if record.outcome is not Outcome.DELIVERED and record.outcome not in _NOT_UPLOADED
    ]
    failed = [record for record in others if record.outcome in _BAD_ENDS]
    superseded = [record for record in others if record.outcome is Outcome.SUPERSEDED]
    for uploaded in (delivered, others):
        builder.add("uploaded", map(_closed_at, uploaded))
    for series, ended in (("delivered", delivered), ("failed", failed)):
        builder.add(series, map(_ended_at, ended))
    for resolved in (delivered, failed, superseded):
        builder.add("resolved", map(_ended_at, resolved))
    return builder.build()


def _closed_at(record: FileRecord) -> float:
    return record.closed_at or record.queued_at or record.intended_at


def _ended_at(record: FileRecord) -> float:
    return record.handler_ended_at or record.first_received_at or _closed_at(record)


def rate_of(records: Sequence[FileRecord], timeline: Timeline) -> Rate:
    """Return the mean rates of a run.

    Both are counted between the first and the last file (n - 1 gaps), so that neither the wait for the first
    nor the silence after the last one counts. Files cannot be delivered faster than they were offered for
    long: the deliveries' period is at least as long as the offers'.
    """
    offers = [record.intended_at for record in records]
    ends = [
        record.handler_ended_at or record.closed_at or record.intended_at
        for record in records
        if record.outcome is Outcome.DELIVERED
    ]
    offer_s = max(offers) - min(offers) if offers else 0.0
    window_s = max(offer_s, max(ends) - min(ends) if ends else 0.0)
    return Rate(
        offered_per_s=_per_s(len(offers), offer_s),
        delivered_per_s=_per_s(len(ends), window_s),
        window_s=round(window_s, 3) if window_s > 0 else None,
        backlog_slope_per_s=backlog_slope(timeline, until=max(offers)) if offers else None,
    )


def _per_s(count: int, period_s: float) -> float | None:
    return round((count - 1) / period_s, 3) if count > 1 and period_s > 0 else None


def backlog_slope(timeline: Timeline, until: float) -> float | None:
    """Return the growth of the backlog in files per second while files were offered, by least squares.

    The first fifth of that time is left out: filling an empty pipeline is not falling behind.

    :param until: when the last file was offered (epoch seconds)
    """
    points = int((until - timeline.start_at) // timeline.interval_s)
    begin = int(points * _WARM_UP_SHARE)
    backlog = timeline.backlog[begin:points]
    return _slope(backlog, timeline.interval_s) if len(backlog) >= 3 else None


def _slope(values: Sequence[int], interval_s: float) -> float:
    mean_x, mean_y = (len(values) - 1) / 2, sum(values) / len(values)
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in enumerate(values))
    variance = sum((x - mean_x) ** 2 for x in range(len(values)))
    return round(covariance / variance / interval_s, 4)
