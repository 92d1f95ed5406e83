"""The live figures of a run for Prometheus.

Names follow https://prometheus.io/docs/practices/naming/: base units, `_total` for what only grows within a
run. A run begins at 0 again, which `rate()` takes for a restart; `floodgate_run_info` tells which run it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from flask import Response, request
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

Live = Mapping[str, Any]
"""`metrics` of `live.json`; see `harness.run.live_figures`."""

_FILES = {
    "offered": "Files whose time had come.",
    "started": "Files whose upload was begun.",
    "uploaded": "Files whose upload was acknowledged.",
    "delivered": "Files that arrived at the destination.",
    "superseded": "Files whose source was replaced or removed before it was copied.",
    "not_started": "Files that the load generator could not begin in time.",
}
_SINGLE: dict[str, tuple[str, str, float]] = {
    "sftp.sessions": ("sftp_sessions", "SFTP sessions that are logged in.", 1.0),
    "sftp.logins": ("sftp_logins_per_second", "SFTP sessions that began.", 1.0),
    "machine.others": ("machine_other_cores", "Cores kept busy by processes that are not the run's.", 1.0),
}
"""A figure of `harness.measure.sampling.series` to name, meaning and factor."""
_BY_ROLE: dict[tuple[str, str], tuple[str, str, float]] = {
    ("queue", "depth"): ("queue_messages", "Messages in a queue, also those being worked on.", 1.0),
    ("queue", "oldest_age"): ("queue_oldest_message_seconds", "Age of a queue's oldest message.", 1.0),
    ("queue", "receives"): ("queue_highest_receives", "Of the messages being worked on.", 1.0),
    ("lambda", "concurrency"): ("function_concurrent_invocations", "Most at once since the last look.", 1.0),
    ("lambda", "invocations"): ("function_invocations_per_second", "Invocations that ended.", 1.0),
    ("lambda", "errors"): ("function_errors_per_second", "Invocations that failed.", 1.0),
    ("lambda", "throttles"): ("function_throttles_per_second", "Invocations that were refused.", 1.0),
    ("lambda", "duration"): ("function_duration_seconds", "Mean of those that ended lately.", 0.001),
    ("sfn", "running"): ("executions_running", "Executions that run.", 1.0),
    ("sfn", "started"): ("executions_started_per_second", "Executions that began.", 1.0),
    ("sfn", "failed"): ("executions_failed_per_second", "Executions that ended badly.", 1.0),
}
"""Service and figure, between which the role stands, as above."""
_LABELS = {"queue": "queue", "lambda": "function", "sfn": "machine"}


class RunCollector(Collector):
    """Reads the live figures anew for each scrape.

    :param read: the figures, and whether the run goes on; `None` before there are any
    """

    def __init__(self, read: Callable[[], tuple[Live, bool] | None]) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        """Yield what is known: of a run that has ended, only what it came to."""
        found = self._read()
        if found is None:
            return
        live, goes_on = found
        yield _info(live["about"])
        yield from _totals(live)
        if goes_on:
            yield from _state(live["files"])
            yield _memory(live["resources"])
            yield from _sampled(live["samples"])


def answer(registry: CollectorRegistry) -> Response:
    """Answer a scrape in the format that it asks for."""
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(registry), content_type=content_type)


def _info(about: Mapping[str, str]) -> Metric:
    info = InfoMetricFamily("floodgate_run", "Which run the figures are of.")
    info.add_metric([], dict(about))
    return info


def _totals(live: Live) -> Iterator[Metric]:
    for name, meaning in _FILES.items():
        yield CounterMetricFamily(f"floodgate_files_{name}", meaning, value=live["files"][name])
    failed = GaugeMetricFamily(
        "floodgate_files_failed",
        "Files that failed and were not to; a retry that mends one takes it away.",
        labels=["kind", "cause"],
    )
    for failure in live["failures"]:
        failed.add_metric([failure["kind"], failure["cause"]], failure["count"])
    yield failed
    yield _stages(live["stages"])
    yield _cpu(live["resources"])


def _stages(stages: Mapping[str, Any]) -> Metric:
    family = HistogramMetricFamily(
        "floodgate_stage_duration_seconds",
        "How long delivered files took for each stage of their way; end_to_end from their intended time.",
        labels=["stage"],
    )
    for stage, found in stages.items():
        family.add_metric([stage], list(_cumulative(found["bounds_s"], found["counts"])), found["sum_s"])
    return family


def _cumulative(bounds_s: Iterable[float], counts: Iterable[int]) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, count in zip([*map(str, bounds_s), "+Inf"], counts, strict=True):
        total += count
        yield bound, total


def _cpu(resources: Mapping[str, Any]) -> Metric:
    family = CounterMetricFamily(
        "floodgate_process_cpu_seconds", "CPU time of the run's processes, by their role.", labels=["role"]
    )
    for role, use in resources.items():
        family.add_metric([role], use["cpu_s"])
    return family


def _memory(resources: Mapping[str, Any]) -> Metric:
    family = GaugeMetricFamily(
        "floodgate_process_resident_memory_bytes",
        "Resident memory of the run's processes, by their role.",
        labels=["role"],
    )
    for role, use in resources.items():
        family.add_metric([role], use["rss_bytes"])
    return family


def _state(files: Mapping[str, Any]) -> Iterator[Metric]:
    known = {
        "backlog_files": ("Files uploaded and not yet at their end.", files["backlog"]),
        "backlog_oldest_seconds": (
            "How long ago the oldest of them was uploaded.",
            files["oldest_age_s"] or 0,
        ),
        "work_messages": ("Messages to be worked on, in all work queues.", files["queue_depth"]),
        "dead_letters": ("Messages and events that nobody works on any more.", files["dead_letters"]),
        "end_to_end_p99_seconds": (
            "99th percentile from the intended time to the end, of the files delivered so far.",
            None if files["p99_ms"] is None else files["p99_ms"] / 1000,
        ),
    }
    for name, (meaning, value) in known.items():
        if value is not None:
            yield GaugeMetricFamily(f"floodgate_{name}", meaning, value=value)


def _sampled(samples: Iterable[Mapping[str, Any]]) -> Iterator[Metric]:
    families: dict[str, GaugeMetricFamily] = {}
    for sample in samples:
        service, _, rest = sample["name"].partition(".")
        role, _, figure = rest.rpartition(".")
        if sample["name"] in _SINGLE:
            name, meaning, factor = _SINGLE[sample["name"]]
            labels: list[str] = []
        elif (service, figure) in _BY_ROLE:
            name, meaning, factor = _BY_ROLE[service, figure]
            labels = [_LABELS[service]]
        else:
            continue
        family = families.setdefault(name, GaugeMetricFamily(f"floodgate_{name}", meaning, labels=labels))
        family.add_metric([role] if labels else [], sample["value"] * factor)
    yield from families.values()
