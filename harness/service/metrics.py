"""What the service tells Prometheus: of itself, and of its latest run."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from harness.load.web.metrics import Live, RunCollector
from harness.service.runs import Runs


def registry_of(runs: Runs, workers: Callable[[], int]) -> CollectorRegistry:
    """Return what is answered to a scrape.

    :param workers: how many load workers wait
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_ServiceCollector(runs, workers))
    registry.register(RunCollector(lambda: _latest(runs)))
    return registry


class _ServiceCollector(Collector):
    def __init__(self, runs: Runs, workers: Callable[[], int]) -> None:
        self._runs, self._workers = runs, workers

    def collect(self) -> Iterable[Metric]:
        """Yield the figures of the service itself."""
        yield GaugeMetricFamily(
            "floodgate_run_active", "Whether a run goes on.", value=int(self._runs.current is not None)
        )
        yield GaugeMetricFamily(
            "floodgate_load_workers_waiting", "Load workers that wait for a run.", value=self._workers()
        )
        ended = CounterMetricFamily("floodgate_runs", "Runs that have ended.", labels=["verdict"])
        for verdict, count in self._runs.verdicts().items():
            ended.add_metric([verdict], count)
        yield ended


def _latest(runs: Runs) -> tuple[Live, bool] | None:
    run = runs.latest
    live = run.live() if run is not None else None
    if run is None or live is None:
        return None
    return live["metrics"], run.goes_on
