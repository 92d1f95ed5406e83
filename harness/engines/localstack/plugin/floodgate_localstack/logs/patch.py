"""Puts filter patterns and metrics of logs in place. Imports LocalStack when applied.

logs-filter-patterns   every event matches every pattern: FilterLogEvents, subscriptions, metric filters
logs-metrics           metric filters count the events of all log groups, one API call for each; metrics
                       in the embedded format are ignored
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from floodgate_localstack.logs.embedded import metrics_in
from floodgate_localstack.logs.patterns import Matcher, PatternError, matcher, value_at
from floodgate_localstack.logs.values import Dimensions, Metric, MetricValues, Place
from floodgate_localstack.metric_publishing import publish
from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

LOG = logging.getLogger(__name__)


@named_patch("logs-filter-patterns")
def apply_patterns() -> None:
    from localstack.services.logs import provider

    def get_pattern_matcher(pattern: str) -> Callable[[str, Any], bool]:
        matches = _matcher(pattern)
        return lambda _pattern, event: matches(event["message"])

    replace(provider, "get_pattern_matcher", get_pattern_matcher)


@named_patch("logs-metrics")
def apply_metrics() -> None:
    from localstack.services.logs.models import get_moto_logs_backend
    from localstack.services.logs.provider import LogsProvider
    from localstack.services.moto import call_moto
    from localstack.utils.bootstrap import is_api_enabled

    values = MetricValues(_publish)

    def put_log_events(
        _self: Any,
        context: Any,
        log_group_name: str,
        log_stream_name: str,  # noqa: ARG001  (LocalStack's signature)
        log_events: list[dict[str, Any]],
        **_arguments: Any,
    ) -> Any:
        answer = call_moto(context)  # first: what it refuses, the caller sends again
        if is_api_enabled("cloudwatch"):
            filters = get_moto_logs_backend(context.account_id, context.region).filters.metric_filters
            mine = [each for each in filters if each["logGroupName"] == log_group_name]
            for event in log_events:
                _count(values, context, event["message"], mine)
        return answer

    replace(LogsProvider, "put_log_events", put_log_events)


def _count(values: MetricValues, context: Any, message: str, filters: list[dict[str, Any]]) -> None:
    for namespace, metric, found in metrics_in(message):
        values.add((context.account_id, context.region, namespace), metric, found)
    for metric_filter in filters:
        if _matcher(metric_filter.get("filterPattern") or "")(message):
            for transformation in metric_filter["metricTransformations"]:
                place = (context.account_id, context.region, transformation["metricNamespace"])
                _add(values, place, transformation, message)


def _add(values: MetricValues, place: Place, transformation: dict[str, Any], message: str) -> None:
    """Add what a metric filter makes of one event; an event without the named field gives nothing."""
    value = _resolved(str(transformation.get("metricValue") or "1"), message)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return
    dimensions: Dimensions = tuple(
        (name, str(_resolved(source, message)))
        for name, source in (transformation.get("dimensions") or {}).items()
    )
    unit = transformation.get("unit") or "None"
    values.add(place, Metric(transformation["metricName"], unit, dimensions), [number])


def _resolved(source: str, message: str) -> Any:
    """Return a literal as it is, or what the event has at a path."""
    if not source.startswith("$"):
        return source
    try:
        return value_at(json.loads(message), source)
    except ValueError:
        return None


def _matcher(pattern: str) -> Matcher:
    try:
        return matcher(pattern)
    except PatternError as exc:
        LOG.warning("A filter pattern matches nothing here: %s", exc)
        return lambda _message: False


def _publish(place: Place, data: list[dict[str, Any]]) -> None:
    account_id, region, namespace = place
    publish(namespace, account_id, region, data)


def apply() -> None:
    apply_patterns()
    apply_metrics()
