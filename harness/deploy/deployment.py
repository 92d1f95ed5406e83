"""Brings the pipeline up on an engine: package code, adapt template, create stack, read outputs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.aws import client, translated
from harness.deploy import package, pipeline_files, stack, template
from harness.deploy.package import Package
from harness.deploy.template import Adapted
from harness.engines.base import Capabilities, EngineInfo, Progress
from harness.exceptions import AwsError, DeployError, UsageError

ROUTES = ("queued",)
_MISSING_BUCKET = frozenset({"404", "NoSuchBucket"})


@dataclass(frozen=True)
class Deployment:
    """What the harness must know about a pipeline that is up."""

    source_bucket: str
    destination_bucket: str
    table: str
    queues: dict[str, str]
    """`work`, `dlq` and `undelivered_events`, each as URL."""
    functions: dict[str, str]
    """Role in the pipeline, such as `worker`, to function name."""
    state_machines: dict[str, str] = field(default_factory=dict)
    log_groups: list[str] = field(default_factory=list)
    sftp_log_group: str = ""
    template_sha256: str = ""
    handlers_sha256: str = ""
    left_out: list[str] = field(default_factory=list)
    """Resources of the template that this engine does not have."""


def plan(capabilities: Capabilities) -> list[str]:
    """Return what `deploy` would leave out on an engine. Asks nobody and changes nothing."""
    return list(template.adapt(template.load(), capabilities.ignored_resource_types).left_out)


def deploy(
    engine: EngineInfo,
    capabilities: Capabilities,
    *,
    stack_name: str,
    route: str,
    profile: str = "local",
    work_dir: Path,
    progress: Progress,
    parameters: Mapping[str, str] | None = None,
) -> Deployment:
    """Create the pipeline's stack and wait until it works.

    :param profile: named set of template parameters in `pipeline/profiles/`
    :param work_dir: folder that gets `template.json`, the template as the engine got it
    :param parameters: template parameters that go before those of the profile
    :raises UsageError: no such route, profile or parameter
    :raises DeployError: CloudFormation could not create it
    """
    adapted = template.adapt(template.load(), capabilities.ignored_resource_types)
    chosen = _parameters(adapted, route, profile, parameters or {})
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
    return _deployment(outputs, adapted, built)


def _parameters(adapted: Adapted, route: str, profile: str, given: Mapping[str, str]) -> dict[str, str]:
    if route not in ROUTES:
        raise UsageError(f"there is no route '{route}'", hint=f"routes: {', '.join(ROUTES)}")
    chosen = {
        "PythonRuntime": package.python_runtime(),
        **pipeline_files.profile(profile),
        **given,
    }
    if unknown := chosen.keys() - adapted.parameters:
        raise UsageError(
            f"the template has no parameter {', '.join(sorted(unknown))}",
            hint=f"parameters: {', '.join(sorted(adapted.parameters))}",
        )
    return chosen


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


def _deployment(outputs: Mapping[str, str], adapted: Adapted, built: Package) -> Deployment:
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
        )
    except KeyError as exc:
        raise DeployError(f"the stack has no output {exc}", hint="see the Outputs of the template") from exc
