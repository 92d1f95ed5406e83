"""What a template must tell the harness, and what the harness makes of it.

Outputs, by name:

    SourceBucket, DestinationBucket      required: where files arrive, and where they must end up
    MetadataTable                        a row for each upload; without it a file counts as delivered when its
                                         copy is there, and stages inside the pipeline are not known
    WorkQueueUrl, DeadLetterQueueUrl     without them queue waits are not known, and files in a dead-letter
                                         queue cannot be told from lost ones
    UndeliveredEventsQueueUrl, IngressQueueUrl, IngressDeadLetterQueueUrl, RecorderQueueUrl,
    RecorderDeadLetterQueueUrl
    <Role>Function                       Lambda functions by role: calls and errors are reported under it
    <Role>StateMachine                   state machines by role
    <Anything>LogGroup                   log groups; SftpLogGroup gets the SFTP server's log

Parameters, each passed where the template has it: `CodeBucket` and `CodeKey` (the zipped handlers folder),
`DefinitionsPrefix` (in CodeBucket, `*.asl.json` of the handlers folder by name), `PythonRuntime`, and those
of the options (`Route`, `Fifo`, `Pipe`, `Recording`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.deploy.conditions import Conditions
from harness.deploy.options import PipelineOptions
from harness.deploy.parameters import CODE
from harness.deploy.template import mentions
from harness.exceptions import UsageError

REQUIRED = ("SourceBucket", "DestinationBucket")
TABLE = "MetadataTable"
QUEUES: Mapping[str, str] = {
    "work": "WorkQueueUrl",
    "dlq": "DeadLetterQueueUrl",
    "undelivered_events": "UndeliveredEventsQueueUrl",
    "ingress": "IngressQueueUrl",
    "ingress_dlq": "IngressDeadLetterQueueUrl",
    "recorder": "RecorderQueueUrl",
    "recorder_dlq": "RecorderDeadLetterQueueUrl",
}
"""Role of a queue in the harness to the output that names it."""
_LESS_WITHOUT: Mapping[str, str] = {
    TABLE: "no row is read: delivery is judged by the destination alone",
    "WorkQueueUrl": "waits in the queue and what is in flight are not known",
    "DeadLetterQueueUrl": "files in a dead-letter queue count as lost",
}
_WORD_END = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def require(template: Mapping[str, Any], options: PipelineOptions) -> None:
    """Check a template of the user's, before anything starts.

    :raises UsageError: with all that is missing
    """
    problems = [*_missing_outputs(template), *_code_problems(template, options)]
    if problems:
        raise UsageError(
            f"the template {options.template} does not fit Floodgate: " + "; ".join(problems),
            hint="floodgate up --help tells what a template must export",
        )


def require_outputs(outputs: Mapping[str, Any], options: PipelineOptions) -> None:
    """Check that the buckets are exported under the chosen parameters, too.

    :param outputs: those whose condition holds
    :raises UsageError: a bucket is not among them
    """
    if hidden := [name for name in REQUIRED if name not in outputs]:
        template = options.template or "of the pipeline"
        raise UsageError(f"under these parameters the template {template} has no output {', '.join(hidden)}")


def require_rules(template: Mapping[str, Any], conditions: Conditions) -> None:
    """Check the section `Rules`, which not every engine reads.

    :raises UsageError: with the description of each assertion that does not hold
    """
    problems = [
        assertion.get("AssertDescription", name)
        for name, rule in template.get("Rules", {}).items()
        if "RuleCondition" not in rule or conditions.is_true(rule["RuleCondition"])
        for assertion in rule["Assertions"]
        if not conditions.is_true(assertion["Assert"])
    ]
    if problems:
        raise UsageError("; ".join(problems), hint="change the parameters named there")


def unknown_to_harness(outputs: Mapping[str, Any]) -> list[str]:
    """Return what the harness cannot know of a pipeline without these outputs, as sentences."""
    return [f"no output {name}: {less}" for name, less in _LESS_WITHOUT.items() if name not in outputs]


def queues(outputs: Mapping[str, str]) -> dict[str, str]:
    """Return queue URLs by role."""
    return {role: outputs[name] for role, name in QUEUES.items() if name in outputs}


def by_role(outputs: Mapping[str, str], ending: str) -> dict[str, str]:
    """Return outputs such as `WorkerFunction` by role, such as `worker`.

    :param ending: of the outputs' names, such as `Function`
    """
    return {
        _WORD_END.sub("_", name.removesuffix(ending)).lower(): value
        for name, value in outputs.items()
        if name.endswith(ending) and name != ending
    }


def _missing_outputs(template: Mapping[str, Any]) -> Iterator[str]:
    if missing := [name for name in REQUIRED if name not in template["Outputs"]]:
        yield f"it has no output {', '.join(missing)}"


def _code_problems(template: Mapping[str, Any], options: PipelineOptions) -> Iterator[str]:
    missing = [name for name in CODE if name not in template["Parameters"]]
    if options.template is not None and options.handlers is None and len(missing) < len(CODE):
        yield "its functions take their code by CodeBucket and CodeKey, so name the folder with --handlers"
    if options.handlers is not None and not any(options.handlers.rglob("*.py")):
        yield f"--handlers {options.handlers} holds no Python file"
    if options.handlers is not None and missing:
        yield f"it has no parameter {', '.join(missing)}, so it cannot take the code of --handlers"
    if missing and mentions(template["Resources"], set(missing)):
        yield f"its resources use {', '.join(missing)}, which it does not declare as parameters"
