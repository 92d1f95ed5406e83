"""alarm-sums: an alarm on `SUM(METRICS())` is evaluated; LocalStack takes alarms on one metric only.

Other metric math stays out: such an alarm is accepted and never evaluated, which LocalStack logs.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

_SUM = "SUM(METRICS())"

Alarm = Mapping[str, Any]


@named_patch("alarm-sums")
def apply() -> None:
    from localstack.services.cloudwatch import alarm_scheduler

    def details(alarm_arn: str) -> Alarm | None:
        found: Alarm | None = describe(alarm_arn)
        return found and as_simple(found)

    def collect(alarm: Alarm, client: Any) -> list[float | None]:
        parts = parts_of(alarm)
        return summed([collect_one(part, client) for part in parts]) if parts else collect_one(alarm, client)

    describe = replace(alarm_scheduler, "get_metric_alarm_details_for_alarm_arn", details)
    collect_one = replace(alarm_scheduler, "collect_metric_data", collect)


def as_simple(alarm: Alarm) -> Alarm:
    """Return an alarm on a sum with the fields that the scheduler asks of an alarm on one metric."""
    parts = parts_of(alarm)
    if not parts:
        return alarm
    return {**alarm, "MetricName": _SUM, "Period": parts[0]["Period"], "Statistic": parts[0]["Statistic"]}


def parts_of(alarm: Alarm) -> list[dict[str, Any]]:
    """Return an alarm for each metric of a sum; none for what is no sum of metrics of one period."""
    queries = alarm.get("Metrics") or []
    if [query["Expression"] for query in queries if "Expression" in query] != [_SUM]:
        return []
    stats = [query["MetricStat"] for query in queries if "MetricStat" in query]
    if len({stat["Period"] for stat in stats}) != 1:
        return []
    return [_part(alarm, stat) for stat in stats]


def _part(alarm: Alarm, stat: Mapping[str, Any]) -> dict[str, Any]:
    place = {
        name: stat["Metric"][name]
        for name in ("Namespace", "MetricName", "Dimensions")
        if name in stat["Metric"]
    }
    without = {name: value for name, value in alarm.items() if name != "Metrics"}
    return {**without, **place, "Period": stat["Period"], "Statistic": stat["Stat"]}


def summed(series: Sequence[Sequence[float | None]]) -> list[float | None]:
    """Add series up, point by point; a point that no series has stays empty."""
    points = [[value for value in values if value is not None] for values in zip(*series, strict=False)]
    return [sum(values) if values else None for values in points]
