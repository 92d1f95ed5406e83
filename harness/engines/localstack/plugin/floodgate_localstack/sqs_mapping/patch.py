"""Puts `SqsMapping` in place of LocalStack's SQS poller, below LocalStack's own life cycle of mappings.

FLOODGATE_ESM_POLLERS      batches of one mapping at once before any growth (AWS: 5)
FLOODGATE_ESM_MAX_POLLERS  the most, where `MaximumConcurrency` is not set (AWS: 1,250; here the number of
                           Lambda processes, FLOODGATE_LAMBDA_MAX_PROCESSES, beyond which nothing runs)
"""

from __future__ import annotations

import json
import os
import threading
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.sqs_mapping.batches import Message
from floodgate_localstack.sqs_mapping.mapping import MappingSettings, SqsMapping
from floodgate_localstack.sqs_mapping.slots import Slots
from floodgate_localstack.versions import named_patch

_DEFAULT_START = 5
_DEFAULT_CEILING = 16
_RECEIVER_END_TIMEOUT_S = 3.0
"""The receiver ends after its long poll of one second at the latest."""
_REPORT_ITEM_FAILURES = "ReportBatchItemFailures"


@named_patch("sqs-mapping-concurrency")
def apply_concurrency() -> None:
    from localstack.services.lambda_.event_source_mapping.esm_worker import EsmWorker
    from localstack.services.lambda_.event_source_mapping.esm_worker_factory import EsmWorkerFactory
    from localstack.services.lambda_.event_source_mapping.pollers.sqs_poller import SqsPoller

    class ConcurrentSqsPoller(SqsPoller):  # type: ignore[misc, unused-ignore]
        """LocalStack's poller, whose `poll_events` works until the mapping is stopped."""

        floodgate_mapping: SqsMapping

        def poll_events(self) -> None:
            self.floodgate_mapping.run()

    class PromptlyStoppedWorker(EsmWorker):  # type: ignore[misc, unused-ignore]
        """LocalStack's worker; a mapping that the API calls disabled takes no message any more."""

        def stop(self) -> None:
            super().stop()
            self._await_receiver()

        def delete(self) -> None:
            super().delete()
            self._await_receiver()

        def _await_receiver(self) -> None:
            if self._poller_thread is not None:
                self._poller_thread.join(_RECEIVER_END_TIMEOUT_S)

    def get_esm_worker(self: Any) -> Any:
        worker = original(self)
        if type(worker.poller) is SqsPoller:
            worker.__class__ = PromptlyStoppedWorker
            worker.poller.__class__ = ConcurrentSqsPoller
            worker.poller.floodgate_mapping = _mapping_of(worker)
        return worker

    original = replace(EsmWorkerFactory, "get_esm_worker", get_esm_worker)


def _mapping_of(worker: Any) -> SqsMapping:
    from floodgate_localstack.sqs_mapping.internal import InternalFunction, InternalQueue

    config = worker.esm_config
    return SqsMapping(
        queue=InternalQueue(config["EventSourceArn"], worker.poller.queue_url),
        function=InternalFunction(config["FunctionArn"]),
        settings=MappingSettings(
            batch_size=config["BatchSize"],
            window_s=config.get("MaximumBatchingWindowInSeconds") or 0,
            reports_failures=_REPORT_ITEM_FAILURES in (config.get("FunctionResponseTypes") or []),
        ),
        slots=Slots(_number("FLOODGATE_ESM_POLLERS", _DEFAULT_START), maximum_concurrency(config)),
        stop=_shutdown_event(worker),
        matching=lambda messages: _matching(worker.poller, messages),
    )


def maximum_concurrency(config: dict[str, Any]) -> int:
    """The most batches of a mapping that may run at once.

    The function's reserved concurrency is no part of it: AWS takes messages without looking at it, and the
    invocations are refused.
    """
    configured = (config.get("ScalingConfig") or {}).get("MaximumConcurrency")
    if configured:
        return int(configured)
    processes = _number("FLOODGATE_LAMBDA_MAX_PROCESSES", _DEFAULT_CEILING)
    return _number("FLOODGATE_ESM_MAX_POLLERS", processes)


def _number(variable: str, default: int) -> int:
    return max(1, int(os.environ.get(variable, default)))


def _shutdown_event(worker: Any) -> threading.Event:
    event: threading.Event = worker._shutdown_event
    return event


def _matching(poller: Any, messages: list[Message]) -> list[Message]:
    """Apply the mapping's filters: a pattern for `body` sees it as JSON where it is JSON."""
    if not poller.filter_patterns:
        return messages
    return [message for message in messages if poller.filter_events([_for_filter(message.event)])]


def _for_filter(event: dict[str, Any]) -> dict[str, Any]:
    try:
        return {**event, "body": json.loads(event["body"])}
    except ValueError:
        return event


def apply() -> None:
    apply_concurrency()
