"""Brings a pipeline up on an engine: package code, adapt template, create stack, read outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from harness.aws import ACCOUNT_MODE, client, is_aws_itself
from harness.deploy import (
    api_created,
    deferred,
    exports,
    names,
    package,
    pipeline_files,
    plan,
    reloadable,
    stack,
    template,
)
from harness.deploy.account import change_set
from harness.deploy.artifacts import Artifacts
from harness.deploy.handling import Handling
from harness.deploy.options import PipelineOptions
from harness.deploy.parameters import CODE, DEFINITIONS
from harness.deploy.prepare import Adapted, Prepared, adapt, prepare
from harness.deploy.record import DeploymentRecord
from harness.deploy.removal import POLL_OF_AWS_S
from harness.engines.base import Capabilities, EngineInfo, Progress

_POLL_ELSEWHERE_S = 0.2
"""What stands in for AWS on this machine throttles nobody."""


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
    """Empty where the pipeline has none."""
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
    """What the harness or the engine lacks of the template, as sentences."""
    stand_ins: list[StandIn] = field(default_factory=list)
    """Resources that the engine does not have and that the harness does the work of."""
    outputs: dict[str, str] = field(default_factory=dict)
    """All outputs of the stack, by their names in the template."""
    parameters: dict[str, str] = field(default_factory=dict)
    """The template parameters in effect."""


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
    :param work_dir: folder that gets `template.json`, the template as the engine got it, and the record that
        `removal` goes by
    :raises UsageError: the options are not valid, or there is no such profile or parameter
    :raises DeployError: CloudFormation could not create it
    """
    prepared = prepare(options, capabilities, profile=profile, stack_name=stack_name, engine=engine)
    adapted = adapt(prepared)
    names.require_free(partial(client, engine=engine), prepared.names)
    work_dir.mkdir(parents=True, exist_ok=True)
    (work_dir / "template.json").write_text(adapted.body)
    record = DeploymentRecord(stack_name)
    record.write(work_dir)
    artifacts = Artifacts(client("s3", engine), engine, record.artifact_folder)
    code, handlers_sha256 = _upload(prepared, artifacts, progress)
    progress("Pipeline: creating the stack")
    answers = _create_stack(
        engine, prepared, record, artifacts.put_template(adapted.body), {**prepared.chosen, **code}, progress
    )
    _create_through_api(engine, prepared, adapted, answers, record, work_dir)
    if adapted.reload is not None:
        reloadable.from_resolved(deferred.resolve(adapted.reload, answers)).write(work_dir)
    outputs = deferred.of_the_template(answers)
    return Deployment(
        source_bucket=outputs["SourceBucket"],
        destination_bucket=outputs["DestinationBucket"],
        table=outputs.get(exports.TABLE, ""),
        queues=exports.queues(outputs),
        functions=exports.by_role(outputs, "Function"),
        state_machines=exports.by_role(outputs, "StateMachine"),
        log_groups=list(exports.by_role(outputs, "LogGroup").values()),
        sftp_log_group=outputs.get("SftpLogGroup", ""),
        template_sha256=template.sha256(options.template),
        handlers_sha256=handlers_sha256,
        left_out=_left_out(prepared),
        stand_ins=_stand_ins(prepared, adapted, answers),
        outputs=outputs,
        parameters={**prepared.parameters(), **code},
    )


def _create_stack(
    engine: EngineInfo,
    prepared: Prepared,
    record: DeploymentRecord,
    template_url: str,
    parameters: dict[str, str],
    progress: Progress,
) -> dict[str, str]:
    """Create the stack, in an account by way of a change set; return its outputs."""
    cloudformation = client("cloudformation", engine)
    expected = {fate.logical_id: fate.type for fate in prepared.of(Handling.DEPLOYED)}
    if engine.mode != ACCOUNT_MODE:
        return stack.create(
            cloudformation,
            record.stack_name,
            template_url=template_url,
            resource_count=len(expected),
            parameters=parameters,
            tags=record.tags(),
            progress=progress,
        )
    return change_set.create(
        cloudformation,
        record.stack_name,
        template_url=template_url,
        expected=expected,
        parameters=parameters,
        tags=record.tags(),
        change_set=record.change_set,
        progress=progress,
        poll_s=POLL_OF_AWS_S if is_aws_itself(engine.endpoint_url) else _POLL_ELSEWHERE_S,
    )


def _upload(prepared: Prepared, artifacts: Artifacts, progress: Progress) -> tuple[dict[str, str], str]:
    """Upload what the template takes; return the parameters that say where, and the code's hash."""
    located: dict[str, str] = {}
    sha256 = ""
    declared = prepared.template["Parameters"]
    if all(name in declared for name in CODE):
        built = package.build(progress, prepared.options.handlers)
        progress("Pipeline: uploading the Lambda package")
        located, sha256 = artifacts.put_code(built.path), built.sha256
    if DEFINITIONS in declared:
        files = pipeline_files.definitions(prepared.options.handlers)
        located |= artifacts.put_definitions(files)
    return located, sha256


def _create_through_api(
    engine: EngineInfo,
    prepared: Prepared,
    adapted: Adapted,
    answers: Mapping[str, str],
    record: DeploymentRecord,
    work_dir: Path,
) -> None:
    """Create what CloudFormation lacks; all of it is in the record before the first is there."""
    identities = []
    for fate in prepared.of(Handling.API):
        properties = deferred.resolve(adapted.deferred[fate.logical_id], answers)
        identity = api_created.identify(record.stack_name, fate.logical_id, fate.type, properties)
        identities.append((identity, properties))
    record.with_api_created(*(identity for identity, _ in identities)).write(work_dir)
    for identity, properties in identities:
        api_created.create(partial(client, engine=engine), identity, properties)


def _stand_ins(prepared: Prepared, adapted: Adapted, answers: Mapping[str, str]) -> list[StandIn]:
    return [
        StandIn(fate.logical_id, fate.type, deferred.resolve(adapted.deferred[fate.logical_id], answers))
        for fate in prepared.of(Handling.STAND_IN)
    ]


def _left_out(prepared: Prepared) -> list[str]:
    left_out = [f"not created on this engine: {fate}" for fate in prepared.of(Handling.LEFT_OUT)]
    return left_out + plan.unknown_to_harness(prepared)
