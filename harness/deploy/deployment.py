"""Brings the pipeline up on an engine: package code, adapt template, create stack, read outputs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.aws import client, translated
from harness.deploy import package, pipeline_files, stack, template
from harness.deploy.options import PipelineOptions
from harness.deploy.package import Package
from harness.deploy.template import Adapted
from harness.engines.base import Capabilities, EngineInfo, Progress
from harness.exceptions import AwsError, DeployError, UsageError

_MISSING_BUCKET = frozenset({"404", "NoSuchBucket"})


@dataclass(frozen=True)
class StandIn:
    """A resource of the template that the harness stands in for, with every intrinsic resolved."""

    logical_id: str
    type: str
    properties: dict[str, Any]


@dataclass(frozen=True)
class Deployment:
    """What the harness must know about a pipeline that is up."""

    source_bucket: str
    destination_bucket: str
    table: str
    queues: dict[str, str]
    """`work`, `dlq`, `undelivered_events`, `ingress`, `recorder` and `recorder_dlq`, each as URL, where the
    route has it."""
    functions: dict[str, str]
    """Role in the pipeline, such as `worker`, to function name."""
    state_machines: dict[str, str] = field(default_factory=dict)
    log_groups: list[str] = field(default_factory=list)
    sftp_log_group: str = ""
    template_sha256: str = ""
    handlers_sha256: str = ""
    left_out: list[str] = field(default_factory=list)
    """Resources of the template that this engine does not have."""
    stand_ins: list[StandIn] = field(default_factory=list)
    """Resources that the engine does not have and that the harness does the work of."""
    outputs: dict[str, str] = field(default_factory=dict)
    """All outputs of the stack, by their names in the template."""
    parameters: dict[str, str] = field(default_factory=dict)
    """The template parameters in effect."""


def plan(capabilities: Capabilities) -> list[str]:
    """Return what `deploy` would leave out on an engine. Asks nobody and changes nothing."""
    return list(template.adapt(template.load(), capabilities.ignored_resource_types).left_out)


def deploy(
    engine: EngineInfo,
    capabilities: Capabilities,
    *,
    stack_name: str,
    options: PipelineOptions,
    profile: str = "local",
    work_dir: Path,
    progress: Progress,
) -> Deployment:
    """Create the pipeline's stack and wait until it works.

    :param profile: named set of template parameters in `pipeline/profiles/`
    :param work_dir: folder that gets `template.json`, the template as the engine got it
    :raises UsageError: the options are not valid, or there is no such profile or parameter
    :raises DeployError: CloudFormation could not create it
    """
    adapted = template.adapt(template.load(), capabilities.ignored_resource_types)
    chosen = _parameters(adapted, options, profile)
    work_dir.mkdir(parents=True, exist_ok=True)
    (work_dir / "template.json").write_text(adapted.body)
    built = package.build(progress)
    progress("Pipeline: uploading the Lambda package")
    code = _upload(engine, built)
    progress("Pipeline: creating the stack")
    outputs = stack.create(
        client("cloudformation", engine),
        stack_name,
        template=adapted.body,
        resource_count=adapted.resource_count,
        parameters={**chosen, **code},
        progress=progress,
    )
    return _deployment(outputs, adapted, built, {**chosen, **code})


def _parameters(adapted: Adapted, options: PipelineOptions, profile: str) -> dict[str, str]:
    options.validate()
    chosen = {
        "PythonRuntime": package.python_runtime(),
        **pipeline_files.profile(profile),
        **options.parameters,
        **_switches(adapted, options),
    }
    if unknown := chosen.keys() - adapted.parameters:
        raise UsageError(
            f"the template has no parameter {', '.join(sorted(unknown))}",
            hint=f"parameters: {', '.join(sorted(adapted.parameters))}",
        )
    return chosen


def _switches(adapted: Adapted, options: PipelineOptions) -> dict[str, str]:
    """Return the options as template parameters; those that the template lacks must not be asked for."""
    asked = options.switches()
    defaults = PipelineOptions().switches()
    lacking = {name: value for name, value in asked.items() if name not in adapted.parameters}
    if refused := [f"{name}={value}" for name, value in lacking.items() if defaults.get(name) != value]:
        raise UsageError(
            f"the template has no such variant: {', '.join(refused)}",
            hint=f"parameters: {', '.join(sorted(adapted.parameters))}",
        )
    return {name: value for name, value in asked.items() if name not in lacking}


def _upload(engine: EngineInfo, built: Package) -> dict[str, str]:
    """Put the package where CloudFormation finds it; return the parameters that say where.

    The bucket is one for all stacks of an account and Region, and none of the pipeline's own. The key holds
    the content's hash, so nothing that is there is ever written over.
    """
    s3 = client("s3", engine)
    bucket = f"floodgate-artifacts-{engine.account_id}-{engine.region}"
    key = f"pipeline/{_content_sha256(built.path)}.zip"
    with translated("uploading the Lambda package"):
        _ensure_bucket(s3, bucket, engine.region)
        s3.put_object(Bucket=bucket, Key=key, Body=built.path.read_bytes())
    return {"CodeBucket": bucket, "CodeKey": key}


def _content_sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _ensure_bucket(s3: Any, bucket: str, region: str) -> None:
    try:
        with translated("looking for the artifact bucket"):
            s3.head_bucket(Bucket=bucket)
    except AwsError as exc:
        if exc.code not in _MISSING_BUCKET:
            raise
        # us-east-1 is the one Region that must not be named.
        place = {} if region == "us-east-1" else {"LocationConstraint": region}
        s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": place} if place else {}))


def _deployment(
    outputs: Mapping[str, str], adapted: Adapted, built: Package, parameters: Mapping[str, str]
) -> Deployment:
    try:
        return Deployment(
            source_bucket=outputs["SourceBucket"],
            destination_bucket=outputs["DestinationBucket"],
            table=outputs["MetadataTable"],
            queues={
                "work": outputs["WorkQueueUrl"],
                "dlq": outputs["DeadLetterQueueUrl"],
                "undelivered_events": outputs["UndeliveredEventsQueueUrl"],
            },
            functions={"worker": outputs["WorkerFunction"]},
            log_groups=[outputs["WorkerLogGroup"], outputs["SftpLogGroup"]],
            sftp_log_group=outputs["SftpLogGroup"],
            template_sha256=adapted.sha256,
            handlers_sha256=built.sha256,
            left_out=list(adapted.left_out),
            outputs=dict(outputs),
            parameters=dict(parameters),
        )
    except KeyError as exc:
        raise DeployError(f"the stack has no output {exc}", hint="see the Outputs of the template") from exc
