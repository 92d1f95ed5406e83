"""What one file costs: the calls and states of its route, as counted on the engines of this machine.

Counted there (`aws_calls_per_file` of summary.json, and the states of pipeline/statemachines); on AWS a busy
queue gives several files to one invocation, so that these quantities are the most that a file costs without
retries. What nobody could count here is assumed, see the constants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

GB = 1024**3
SECONDS_PER_INVOCATION = 0.3
"""Assumed; local runs use 0.02 to 0.03 s of CPU, without AWS's latencies and its share of a CPU."""
LOG_BYTES_PER_INVOCATION = 2 * 1024
"""Assumed: Lambda's own three lines and those of the handler."""
_QUEUE_REQUESTS = 3
"""Sent, received, deleted."""
_START_AND_END = 2
"""AWS's own example counts them as transitions: https://aws.amazon.com/step-functions/pricing/"""
_EXPRESS_GB = 64 / 1024
"""The least that an Express execution is billed for."""
_WRITES_OF_ROW = 2
"""A new row, and its entry in the index."""
_WRITES_OF_CHANGE = 3
"""The row, and the index's old entry and new one."""


@dataclass(frozen=True)
class Variant:
    """What of a pipeline decides about a file's costs.

    :param parameters: of the template, in effect
    :param transfer: whether files come through Transfer Family
    """

    route: str
    parameters: Mapping[str, str]
    transfer: bool = False

    def is_on(self, parameter: str) -> bool:
        """Tell whether a switch of the template is on."""
        return self.parameters.get(parameter) == "true"

    def memory_gb(self, parameter: str) -> float:
        """Return how much memory a kind of function has."""
        return float(self.parameters.get(parameter, 512)) / 1024


def per_file(variant: Variant, mean_bytes: float) -> dict[str, float]:
    """Return the quantities by price id of one file of that size, its settling included."""
    parts = (
        _storage(variant, mean_bytes),
        _delivery(variant),
        _functions(variant),
        _states(variant),
        _rows(variant),
        _settling(mean_bytes),
    )
    names = {name for part in parts for name in part}
    return {name: sum(part.get(name, 0) for part in parts) for name in sorted(names)}


def _storage(variant: Variant, mean_bytes: float) -> dict[str, float]:
    """The upload, the worker's HeadObject and its CopyObject; a workflow looks into the file besides."""
    found = {"s3.writes": 2.0, "s3.reads": 2.0 if variant.route in ("nested", "queued-nested") else 1.0}
    return {**found, "transfer.upload_gb": mean_bytes / GB} if variant.transfer else found


def _delivery(variant: Variant) -> dict[str, float]:
    """The event of S3, and every queue that the file passes."""
    queues = {"queued": 1, "queued-nested": 1, "ecs": 1}.get(variant.route, 0)
    queues += variant.is_on("Pipe") and not _pipe_starts_parent(variant)
    fifo = variant.is_on("Fifo")
    found: dict[str, float] = {
        "events.opt_in": 1,
        "sqs.fifo_requests" if fifo else "sqs.requests": _QUEUE_REQUESTS * queues,
    }
    if _is_recorded(variant):
        found["sqs.requests"] = found.get("sqs.requests", 0) + _QUEUE_REQUESTS
    return {**found, "pipes.requests": 1} if variant.is_on("Pipe") else found


def _functions(variant: Variant) -> dict[str, float]:
    memories = [variant.memory_gb(name) for name in _invoked(variant)]
    invocations = len(memories)
    logged = invocations or 1  # a task of ECS writes its lines, too
    return {
        "lambda.requests": invocations,
        "lambda.gb_seconds": SECONDS_PER_INVOCATION * sum(memories),
        "logs.ingested_gb": logged * LOG_BYTES_PER_INVOCATION / GB,
    }


def _invoked(variant: Variant) -> list[str]:
    """Return the parameter with the memory of each function that a file meets."""
    found = {"queued": ["WorkerMemoryMiB"], "direct": ["StepMemoryMiB"]}.get(variant.route, [])
    if variant.route in ("nested", "queued-nested"):
        found = ["ValidateMemoryMiB", "StepMemoryMiB", "StepMemoryMiB"]
        found += ["StepMemoryMiB"] * _is_processed(variant)
        found += ["NotifyMemoryMiB"] * (variant.parameters.get("WorkflowStyle") == "flat")
    if variant.route == "queued-nested" and not _pipe_starts_parent(variant):
        found = [*found, "StepMemoryMiB"]
    if variant.is_on("Pipe"):
        found = [*found, "EnrichmentMemoryMiB"]
    return [*found, "RecorderMemoryMiB"] if _is_recorded(variant) else found


def _states(variant: Variant) -> dict[str, float]:
    if variant.route == "direct":
        return {"states.transitions": 1 + _START_AND_END}
    if variant.route not in ("nested", "queued-nested"):
        return {}
    style, processed = variant.parameters.get("WorkflowStyle", "nested"), _is_processed(variant)
    if style == "flat":
        return {"states.transitions": 5.0 + processed + _START_AND_END, "sns.publishes": 1.0}
    downloaded = style == "mixed"  # by the parent, in place of the child
    parent = 3 + downloaded + _START_AND_END
    if variant.parameters.get("ChildType") == "express":
        seconds = SECONDS_PER_INVOCATION * 3
        return {
            "sns.publishes": 1.0,
            "states.transitions": parent + 1.0,  # the parent looks whether the child has succeeded
            "states.express_requests": 1,
            "states.express_gb_seconds": seconds * _EXPRESS_GB,
        }
    child = 3 - downloaded + processed + _START_AND_END
    return {"sns.publishes": 1.0, "states.transitions": float(parent + child)}


def _rows(variant: Variant) -> dict[str, float]:
    """Rows and their entries in the index: at the end, and with full recording at the beginning."""
    if not _is_recorded(variant):
        return {"dynamodb.writes": _WRITES_OF_ROW}
    claims = _WRITES_OF_CHANGE if variant.route in ("direct", "nested", "queued-nested") else 0
    return {"dynamodb.writes": _WRITES_OF_ROW + claims + _WRITES_OF_CHANGE}


def _settling(mean_bytes: float) -> dict[str, float]:
    """The harness reads each row twice (while it follows, and in the end) and each delivered file once."""
    return {"dynamodb.reads": 1.5, "s3.reads": 1, "egress.gb": mean_bytes / GB}


def _is_processed(variant: Variant) -> bool:
    return variant.parameters.get("Transform", "none") != "none"


def _is_recorded(variant: Variant) -> bool:
    return variant.parameters.get("Recording", "full") == "full"


def _pipe_starts_parent(variant: Variant) -> bool:
    return variant.route == "queued-nested" and variant.is_on("Pipe") and not variant.is_on("Fifo")
