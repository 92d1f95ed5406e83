"""The steps of a workflow: COPY, CUSTOM, DELETE and TAG. DECRYPT needs the customer's PGP key, which Transfer
takes from Secrets Manager: it fails here.

https://docs.aws.amazon.com/transfer/latest/userguide/nominal-steps-workflow.html
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from harness import clock
from harness.exceptions import AwsError, FloodgateError
from harness.transfer.executions.errors import StepError, as_step_error
from harness.transfer.executions.services import Services
from harness.transfer.executions.triggers import Trigger

DEFAULT_TIMEOUT_S = 1800
"""The most that `TimeoutSeconds` may be; AWS does not say what it is when it is not given."""


@dataclass(frozen=True)
class Location:
    """An object in S3. `etag` has no quotes."""

    bucket: str
    key: str
    etag: str
    version_id: str | None = None

    def wire(self) -> dict[str, Any]:
        """Return it as `DescribeExecution` shows it."""
        fields = {"Bucket": self.bucket, "Key": self.key, "VersionId": self.version_id, "Etag": self.etag}
        return {"S3FileLocation": {name: value for name, value in fields.items() if value}}


@dataclass(frozen=True)
class Context:
    """What steps are run for. `previous` is what the last step that makes a file has made."""

    trigger: Trigger
    execution_id: str
    original: Location
    previous: Location

    def source(self, details: dict[str, Any]) -> Location:
        """:raises StepError: neither of the two variables"""
        match details.get("SourceFileLocation", "${previous.file}"):
            case "${previous.file}":
                return self.previous
            case "${original.file}":
                return self.original
            case other:
                raise StepError("BAD_REQUEST", f"SourceFileLocation must not be {other}")


Run = Callable[[dict[str, Any], Context, Services], Context]


def run_step(step: dict[str, Any], context: Context, services: Services) -> Context:
    """Run one step; return what the next one gets.

    :raises StepError: it failed
    """
    kind = step["Type"]
    run = _STEPS.get(kind)
    if run is None:
        raise StepError("BAD_REQUEST", f"{kind} steps are not supported here")
    try:
        return run(details_of(step), context, services)
    except FloodgateError as exc:
        raise as_step_error(exc) from exc


def details_of(step: dict[str, Any]) -> dict[str, Any]:
    """Return e.g. `CustomStepDetails` of a CUSTOM step."""
    return dict(step.get(f"{step['Type'].capitalize()}StepDetails") or {})


def custom_event(context: Context, source: Location, token: str) -> dict[str, Any]:
    """Return what the function gets: https://docs.aws.amazon.com/transfer/latest/userguide/custom-step-details.html"""
    trigger = context.trigger
    return {
        "token": token,
        "serviceMetadata": {
            "executionDetails": {"workflowId": trigger.workflow_id, "executionId": context.execution_id},
            "transferDetails": {
                "sessionId": trigger.session_id,
                "userName": trigger.user_name,
                "serverId": trigger.server_id,
            },
        },
        "fileLocation": {
            "domain": "S3",
            "bucket": source.bucket,
            "key": source.key,
            "eTag": source.etag,
            "versionId": source.version_id,
        },
    }


def _custom(details: dict[str, Any], context: Context, services: Services) -> Context:
    """Invoke the function without waiting for its end, then wait until it reports by SendWorkflowStepState.
    A function that dies reports nothing: its step ends when its time is over.
    """
    token = secrets.token_hex(16)
    event = custom_event(context, context.source(details), token)
    services.call(
        "lambda", "invoke", FunctionName=details["Target"], InvocationType="Event", Payload=json.dumps(event)
    )
    timeout_s = details.get("TimeoutSeconds", DEFAULT_TIMEOUT_S)
    match services.wait_for_step(token, timeout_s):
        case "SUCCESS":
            return context
        case "FAILURE":
            raise StepError("CUSTOM_STEP_FAILED", "The custom step reported FAILURE")
        case _:
            raise StepError("TIMEOUT", f"The custom step did not report within {timeout_s} seconds")


def _copy(details: dict[str, Any], context: Context, services: Services) -> Context:
    source, target = context.source(details), _target(details, context)
    if details.get("OverwriteExisting", "FALSE") != "TRUE" and _exists(services, target):
        raise StepError("ALREADY_EXISTS", f"s3://{target.bucket}/{target.key} exists already")
    stored = services.call(
        "s3",
        "copy_object",
        Bucket=target.bucket,
        Key=target.key,
        CopySource={"Bucket": source.bucket, "Key": source.key, **_version(source)},
    )
    etag = stored["CopyObjectResult"]["ETag"].strip('"')
    return replace(context, previous=replace(target, etag=etag, version_id=stored.get("VersionId")))


def _target(details: dict[str, Any], context: Context) -> Location:
    """A key that ends in a slash is a folder, which gets the file under its own name."""
    where = details["DestinationFileLocation"]["S3FileLocation"]
    key = where["Key"]
    for name, value in {
        "${Transfer:UserName}": context.trigger.user_name,
        "${Transfer:UploadDate}": f"{datetime.fromtimestamp(clock.now(), UTC):%Y-%m-%d}",
    }.items():
        key = key.replace(name, value).replace(name.replace("T", "t", 1), value)
    if key.endswith("/"):
        key += context.previous.key.rpartition("/")[2]
    return Location(where["Bucket"], key, "")


def _exists(services: Services, target: Location) -> bool:
    try:
        services.call("s3", "head_object", Bucket=target.bucket, Key=target.key)
    except AwsError as exc:
        if exc.code in ("404", "NoSuchKey"):
            return False
        raise
    return True


def _delete(details: dict[str, Any], context: Context, services: Services) -> Context:
    source = context.source(details)
    services.call("s3", "delete_object", Bucket=source.bucket, Key=source.key)
    return context


def _tag(details: dict[str, Any], context: Context, services: Services) -> Context:
    source = context.source(details)
    services.call(
        "s3",
        "put_object_tagging",
        Bucket=source.bucket,
        Key=source.key,
        Tagging={"TagSet": details["Tags"]},
        **_version(source),
    )
    return context


def _version(location: Location) -> dict[str, str]:
    return {"VersionId": location.version_id} if location.version_id else {}


_STEPS: dict[str, Run] = {"COPY": _copy, "CUSTOM": _custom, "DELETE": _delete, "TAG": _tag}
