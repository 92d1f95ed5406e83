"""Metrics in the embedded metric format. Imports nothing of LocalStack.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from floodgate_localstack.logs.values import Metric

_MARK = '"_aws"'


def metrics_in(message: str) -> Iterator[tuple[str, Metric, list[float]]]:
    """Yield namespace, metric and values of each metric that a log event holds.

    An event that is not of the format has none, and so has a metric whose member is missing, as on AWS.
    """
    if _MARK not in message:
        return
    try:
        document = json.loads(message)
        directives = document["_aws"]["CloudWatchMetrics"]
    except (ValueError, KeyError, TypeError):
        return
    for directive in directives:
        for definition in directive.get("Metrics", []):
            values = _values(document.get(definition.get("Name")))
            for names in directive.get("Dimensions") or [[]]:
                if values and all(name in document for name in names):
                    yield str(directive.get("Namespace")), _metric(definition, names, document), values


def _metric(definition: dict[str, Any], names: list[str], document: dict[str, Any]) -> Metric:
    dimensions = tuple((name, str(document[name])) for name in names)
    return Metric(str(definition["Name"]), str(definition.get("Unit", "None")), dimensions)


def _values(member: Any) -> list[float]:
    values = member if isinstance(member, list) else [member]
    return [
        float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)
    ]
