"""Alarms in time.

    alarm-interval     an alarm is evaluated when it is made and then once in all of its evaluation periods;
                       on AWS once a minute, here every FLOODGATE_ALARM_INTERVAL_S (10): tests need not wait
    alarm-window       an alarm looks at more periods than it is told to, and stays on for minutes after its
                       cause has gone; on AWS the newest EvaluationPeriods datapoints decide
    sqs-queue-metrics  what a queue holds is reported once a minute, and ApproximateAgeOfOldestMessage never;
                       here both at the interval of the alarms

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from floodgate_localstack import alarm_sums
from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

_BATCH = 500


def interval_s() -> float:
    """How often alarms are evaluated."""
    return float(os.environ.get("FLOODGATE_ALARM_INTERVAL_S", "10"))


@named_patch("alarm-interval")
def apply_interval() -> None:
    from localstack.services.cloudwatch import alarm_scheduler
    from localstack.utils.scheduler import Scheduler

    class PromptScheduler(Scheduler):  # type: ignore[misc, unused-ignore]
        """Runs every task at the interval at least."""

        def schedule(self, func: Any, period: float | None = None, **arguments: Any) -> Any:
            return super().schedule(func, min(period or interval_s(), interval_s()), **arguments)

    replace(alarm_scheduler, "Scheduler", PromptScheduler)


@named_patch("alarm-window")
def apply_window() -> None:
    from localstack.services.cloudwatch import alarm_scheduler

    def is_exceeded(values: list[float | None], alarm: Mapping[str, Any]) -> bool:
        return bool(original(newest(values, alarm), alarm))

    original = replace(alarm_scheduler, "is_threshold_exceeded", is_exceeded)


def newest(values: Sequence[float | None], alarm: Mapping[str, Any]) -> list[float | None]:
    """Return the datapoints that decide, of all that there are, newest first. What is missing has been left
    out before: with enough real datapoints it does not matter how missing ones are treated.
    """
    return list(values[: alarm["EvaluationPeriods"]])


@named_patch("sqs-queue-metrics")
def apply_queue_metrics() -> None:
    from localstack import config
    from localstack.services.sqs.models import sqs_stores
    from localstack.services.sqs.provider import CloudwatchPublishWorker
    from localstack.utils.cloudwatch.cloudwatch_util import publish_sqs_metric_batch

    def publish(self: Any) -> None:
        original(self)
        now = time.time()
        for account_id, region, store in sqs_stores.iter_stores():
            data = [
                {
                    "QueueName": queue.name,
                    "MetricName": "ApproximateAgeOfOldestMessage",
                    "Value": int(max((now - message.created for message in _messages(queue)), default=0)),
                    "Unit": "Seconds",
                }
                for queue in list(store.queues.values())
            ]
            for start in range(0, len(data), _BATCH):
                publish_sqs_metric_batch(account_id, region, data[start : start + _BATCH])

    if "SQS_CLOUDWATCH_METRICS_REPORT_INTERVAL" not in os.environ:
        config.SQS_CLOUDWATCH_METRICS_REPORT_INTERVAL = interval_s()
    original = replace(CloudwatchPublishWorker, "publish_approximate_cloudwatch_metrics", publish)


def _messages(queue: Any) -> Iterable[Any]:
    """All messages of a queue, those in flight and delayed included; copied while it is locked."""
    with queue.mutex:
        messages = [*queue.inflight, *queue.delayed]
        if hasattr(queue, "message_groups"):
            for group in list(queue.message_groups.values()):
                messages += group.messages
        else:
            messages += queue.visible.queue
    return messages


def apply() -> None:
    apply_interval()
    apply_window()
    apply_queue_metrics()
    alarm_sums.apply()
