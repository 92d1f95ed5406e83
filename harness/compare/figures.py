"""The figures that are compared: what each is in one run, and how sure one pair of runs is of its change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.compare.runs import Run
from harness.compare.statistics.levels import log_ratio_of_means
from harness.compare.statistics.resampling import Interval, log_ratio_interval
from harness.report.stages import END_TO_END, STAGES, Stage

SHARES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
FEWEST_BEYOND = 10
"""A percentile of so few files beyond it is a matter of single files."""
LATENCY_FLOOR_MS = 5.0
"""Less than this is no change, whatever the factor: several of the clocks behind it tick in milliseconds."""
GROUPS = ("engine", "functions", "sftp", "load", "stand-ins")
"""Process groups of which CPU for each file is compared."""


@dataclass(frozen=True)
class Figure:
    """One number of a run. `value` is `None` where the run does not have it."""

    name: str
    """As in thresholds, such as `end_to_end.p95`."""
    label: str
    unit: str
    value: Callable[[Run], float | None]
    within: Callable[[Run, Run], Interval | None]
    """The interval of log(new / base) for one pair of runs; `None` when it cannot be known."""
    judged: bool
    """A change for the worse is a regression by itself."""
    higher_is_better: bool = False
    floor: float = 0.0
    """Changes up to this, in `unit`, are none."""


def figures(also: Sequence[str] = ()) -> list[Figure]:
    """Return all figures; those named in `also` are judged as well."""
    made = [
        _throughput(),
        *(_latency(stage.name, stage.label, name) for stage in _ordered() for name in SHARES),
    ]
    made += [_cpu(group) for group in GROUPS]
    return [_judged(figure) if figure.name in also else figure for figure in made]


def _judged(figure: Figure) -> Figure:
    return Figure(**(vars(figure) | {"judged": True}))


def _ordered() -> list[Stage]:
    return [END_TO_END, *(stage for stage in STAGES if stage is not END_TO_END)]


def _latency(stage: str, label: str, percentile: str) -> Figure:
    share = SHARES[percentile]

    def value(run: Run) -> float | None:
        latency = run.summary["latency_ms"].get(stage)
        if not latency or latency["count"] * (1 - share) < FEWEST_BEYOND * (1 - 1e-9):
            return None
        found: float = latency[percentile]
        return found

    def within(base: Run, new: Run) -> Interval | None:
        before, after = base.blocks.get(stage), new.blocks.get(stage)
        return log_ratio_interval(before, after, share) if before and after else None

    return Figure(
        name=f"{stage}.{percentile}",
        label=f"{label} {percentile}",
        unit="ms",
        value=value,
        within=within,
        judged=stage == END_TO_END.name,
        floor=LATENCY_FLOOR_MS,
    )


def _throughput() -> Figure:
    def value(run: Run) -> float | None:
        if run.deliveries is not None:
            return run.deliveries.per_s
        found: float | None = run.summary["rate"]["delivered_per_s"]
        return found

    def within(base: Run, new: Run) -> Interval | None:
        if base.deliveries is None or new.deliveries is None:
            return None
        return log_ratio_of_means(base.deliveries.over_time, new.deliveries.over_time)

    return Figure(
        "rate.delivered",
        "Files delivered per second",
        "/s",
        value,
        within,
        judged=True,
        higher_is_better=True,
    )


def _cpu(group: str) -> Figure:
    def value(run: Run) -> float | None:
        used_s = (run.summary["resources"].get(group) or {}).get("cpu_s")
        uploaded = run.summary["files"]["uploaded"]
        return None if used_s is None or not uploaded else used_s * 1000 / uploaded

    def within(base: Run, new: Run) -> Interval | None:
        return log_ratio_of_means(_cpu_percent(base, group), _cpu_percent(new, group))

    return Figure(
        f"{group}.cpu_per_file", f"CPU of {group} for each file", "ms", value, within, judged=False, floor=1.0
    )


def _cpu_percent(run: Run, group: str) -> list[float]:
    """Return the looks at a process group while files were offered."""
    timeline, samples = run.series
    until = timeline.start_at + run.summary["duration_s"]
    return [each.cpu_percent for each in samples.get(group, ()) if timeline.start_at <= each.at <= until]
