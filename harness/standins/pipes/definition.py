"""What a Pipe is told to do: the properties of `AWS::Pipes::Pipe`, checked before anything runs.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-pipes-pipe.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from harness.exceptions import UsageError
from harness.standins.pipes.paths import JsonPath
from harness.standins.pipes.patterns import EventPattern
from harness.standins.pipes.templates import InputTemplate

MAX_SQS_TARGET_BATCH = 10
"""https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html"""
MAX_SQS_SOURCE_BATCH = 10_000
_DEFAULT_BATCH = 10

TargetKind = Literal["sqs", "states"]


@dataclass(frozen=True)
class Pipe:
    """One pipe, ready to run."""

    name: str
    source_arn: str
    target_arn: str
    target_kind: TargetKind
    enrichment_arn: str | None
    filters: list[EventPattern]
    """An event goes on when one of them matches; all do where there is none."""
    batch_size: int
    batch_window_s: int
    enrichment_template: InputTemplate | None
    target_template: InputTemplate | None
    group_id: JsonPath | str | None
    """`MessageGroupId`: a path into the event, or the text itself."""
    deduplication_id: JsonPath | str | None

    @property
    def source_is_fifo(self) -> bool:
        return self.source_arn.endswith(".fifo")


def pipe_of(logical_id: str, properties: Mapping[str, Any]) -> Pipe:
    """Return the pipe that the properties describe.

    :raises UsageError: AWS, or this stand-in, would not take them; the message names the resource
    """
    try:
        return _pipe(logical_id, properties)
    except UsageError as exc:
        raise UsageError(f"{logical_id} (AWS::Pipes::Pipe): {exc.message}", hint=exc.hint) from exc


def _pipe(logical_id: str, properties: Mapping[str, Any]) -> Pipe:
    source = properties.get("SourceParameters") or {}
    target = properties.get("TargetParameters") or {}
    queue = target.get("SqsQueueParameters") or {}
    kind = _target_kind(properties["Target"], target)
    names = _reserved_names(logical_id, properties)
    batch_size = _batch_size(source, kind)
    return Pipe(
        name=names["aws.pipes.pipe-name"],
        source_arn=_queue_arn(properties["Source"]),
        target_arn=properties["Target"],
        target_kind=kind,
        enrichment_arn=_enrichment_arn(properties),
        filters=_filters(source),
        batch_size=batch_size,
        batch_window_s=_batch_window(source),
        enrichment_template=_template(properties.get("EnrichmentParameters"), names),
        target_template=_template(target, names),
        group_id=_dynamic(queue.get("MessageGroupId")),
        deduplication_id=_dynamic(queue.get("MessageDeduplicationId")),
    )


def _queue_arn(arn: str) -> str:
    if _service(arn) != "sqs":
        raise UsageError(f"the source is {arn}", hint="Floodgate stands in for pipes with an SQS source only")
    return arn


def _target_kind(arn: str, parameters: Mapping[str, Any]) -> TargetKind:
    service = _service(arn)
    if service == "sqs":
        return "sqs"
    if service != "states":
        raise UsageError(
            f"the target is {arn}", hint="Floodgate stands in for SQS and Step Functions targets"
        )
    invocation = parameters.get("StepFunctionStateMachineParameters") or {}
    if invocation.get("InvocationType") != "FIRE_AND_FORGET":
        raise UsageError(
            "a Standard state machine is started with InvocationType FIRE_AND_FORGET",
            hint="AWS stops a pipe that waits (REQUEST_RESPONSE, the default) for a Standard workflow",
        )
    return "states"


def _enrichment_arn(properties: Mapping[str, Any]) -> str | None:
    arn: str | None = properties.get("Enrichment")
    if arn and _service(arn) != "lambda":
        raise UsageError(f"the enrichment is {arn}", hint="Floodgate stands in for Lambda enrichments only")
    return arn or None


def _service(arn: str) -> str:
    """Return the service of `arn:aws:<service>:…`."""
    parts = arn.split(":")
    if len(parts) < 6:
        raise UsageError(f"not an ARN: {arn!r}")
    return parts[2]


def _filters(source: Mapping[str, Any]) -> list[EventPattern]:
    filters = (source.get("FilterCriteria") or {}).get("Filters") or []
    return [EventPattern(part["Pattern"]) for part in filters]


def _batch_size(source: Mapping[str, Any], kind: TargetKind) -> int:
    size = int((source.get("SqsQueueParameters") or {}).get("BatchSize", _DEFAULT_BATCH))
    most = MAX_SQS_TARGET_BATCH if kind == "sqs" else MAX_SQS_SOURCE_BATCH
    if not 1 <= size <= most:
        raise UsageError(f"BatchSize is {size}", hint=f"with this target it is 1 to {most}")
    if size > MAX_SQS_TARGET_BATCH and _batch_window(source) == 0:
        raise UsageError(f"BatchSize is {size}", hint="above 10, MaximumBatchingWindowInSeconds is needed")
    return size


def _batch_window(source: Mapping[str, Any]) -> int:
    return int((source.get("SqsQueueParameters") or {}).get("MaximumBatchingWindowInSeconds") or 0)


def _template(parameters: Mapping[str, Any] | None, names: Mapping[str, str]) -> InputTemplate | None:
    text = (parameters or {}).get("InputTemplate")
    return InputTemplate(text, names) if text else None


def _dynamic(text: str | None) -> JsonPath | str | None:
    """Return a parameter that may be a path: one that begins with `$` is, as a whole.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html#pipes-dynamic-target-params
    """
    return JsonPath(text) if text and text.startswith("$") else text


def _reserved_names(logical_id: str, properties: Mapping[str, Any]) -> dict[str, str]:
    source: str = properties["Source"]
    name = properties.get("Name") or logical_id
    place = ":".join(source.split(":")[3:5])
    return {
        "aws.pipes.pipe-name": name,
        "aws.pipes.pipe-arn": f"arn:aws:pipes:{place}:pipe/{name}",
        "aws.pipes.source-arn": source,
        "aws.pipes.enrichment-arn": properties.get("Enrichment") or "",
        "aws.pipes.target-arn": properties["Target"],
    }
