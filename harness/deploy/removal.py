"""Removes a pipeline from an engine that goes on running: all that was created, and nothing else.

Deleting a CloudFormation stack is not enough. It stops at buckets that hold files, it leaves what the
template says to retain, and it knows nothing of what was created beside it: log groups that Lambda makes for
itself, resources created through the API, the stack's folder in the artifact bucket.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from harness.aws import is_aws_itself, translated
from harness.deploy import api_created, artifacts, buckets, leftovers
from harness.deploy.api_created import ClientOf
from harness.deploy.record import STACK_TAG, TOKEN_TAG, DeploymentRecord
from harness.engines.base import Progress
from harness.exceptions import AwsError, DeployError

POLL_OF_AWS_S = 3.0
"""CloudFormation throttles whoever asks more often."""
_POLL_S = 0.5
_TIMEOUT_S = 1800.0
"""A VPC's network interfaces, for example, take AWS many minutes."""
_ATTEMPTS = 2
"""A file may be delivered into a bucket that has just been emptied, as long as the functions still run."""
NOT_EXECUTED = "REVIEW_IN_PROGRESS"
"""Status of a stack that is empty: its first change set has not been executed."""
_BEING_MADE = frozenset({"CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"})
_MADE_WITHIN_S = 120.0
"""An engine that hangs must not keep anybody from stopping."""
_NO_STACK = "ValidationError"
_NOT_OURS = frozenset({"CREATE_FAILED", "DELETE_COMPLETE"})
"""What could not be created may well exist: it is then somebody else's, who had the name first."""
_STAYS = frozenset({"DELETE_SKIPPED", "DELETE_FAILED"})


@dataclass(frozen=True)
class FoundStack:
    """A CloudFormation stack that is there."""

    id: str
    name: str
    status: str
    tags: Mapping[str, str]

    def is_ours(self) -> bool:
        """Tell whether Floodgate created it."""
        return STACK_TAG in self.tags

    def is_of(self, record: DeploymentRecord) -> bool:
        """Tell whether that very deployment created it."""
        return self.tags.get(TOKEN_TAG) == record.token


@dataclass(frozen=True)
class StackResource:
    """One resource of a stack."""

    logical_id: str
    type: str
    physical_id: str
    status: str
    reason: str = ""
    """Why it is in that status, where CloudFormation says so."""

    def __str__(self) -> str:
        return f"{self.logical_id} ({self.type}): {self.physical_id}"


def find(client_of: ClientOf, stack_name: str) -> FoundStack | None:
    """Return the stack of that name; None where there is none.

    :raises AwsError: the engine refuses to tell
    """
    try:
        with translated(f"looking for the stack {stack_name}"):
            found = client_of("cloudformation").describe_stacks(StackName=stack_name)["Stacks"][0]
    except AwsError as exc:
        if exc.code == _NO_STACK and "does not exist" in exc.message:
            return None
        raise
    tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
    return FoundStack(found["StackId"], found["StackName"], found["StackStatus"], tags)


def resources_of(client_of: ClientOf, stack: FoundStack) -> list[StackResource]:
    """Return the resources of a stack that exist.

    :raises AwsError: the engine refuses to tell
    """
    with translated(f"listing the resources of {stack.name}"):
        pages = client_of("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.id)
        return [
            StackResource(
                each["LogicalResourceId"],
                each["ResourceType"],
                each["PhysicalResourceId"],
                each["ResourceStatus"],
                each.get("ResourceStatusReason", ""),
            )
            for page in pages
            for each in page["StackResourceSummaries"]
            if each.get("PhysicalResourceId") and each["ResourceStatus"] not in _NOT_OURS
        ]


class Removal:
    """Takes stacks away.

    :param client_of: makes clients of the engine
    """

    def __init__(self, client_of: ClientOf, progress: Progress) -> None:
        self._client_of = client_of
        self._progress = progress

    def remove(self, stack: FoundStack) -> list[StackResource]:
        """Remove a stack with all that belongs to it; return what its template retains and we cannot delete.

        :raises AwsError: AWS refuses a step
        :raises DeployError: CloudFormation could not delete the stack
        """
        self.wait_until_made(stack)
        resources = resources_of(self._client_of, stack)
        for attempt in range(1, _ATTEMPTS + 1):
            self._empty_buckets(resources)
            self._progress(f"deleting the CloudFormation stack {stack.name}")
            if self._is_deleted(stack, is_last=attempt == _ATTEMPTS):
                break
        self._progress("deleting what CloudFormation leaves: retained buckets, tables and log groups")
        deleted = {
            each.logical_id
            for each in resources
            if leftovers.delete(self._client_of, each.type, each.physical_id)
        }
        left = resources_of(self._client_of, stack)
        return [each for each in left if each.status in _STAYS and each.logical_id not in deleted]

    def wait_until_made(self, stack: FoundStack) -> None:
        """Wait until nothing is created any more, where that goes on in a stack that is being deleted.

        AWS stops at once; on LocalStack all that came after the deletion would stay.
        """
        cloudformation = self._client_of("cloudformation")
        if stack.status not in _BEING_MADE or is_aws_itself(cloudformation.meta.endpoint_url):
            return
        self._progress(f"waiting until nothing is created any more in the stack {stack.name}")
        deadline = time.monotonic() + _MADE_WITHIN_S
        while time.monotonic() < deadline:
            found = find(self._client_of, stack.id)
            if found is None or found.status not in _BEING_MADE:
                return
            time.sleep(_POLL_S)

    def remove_api_created(self, record: DeploymentRecord) -> None:
        """Remove what the deployment created through the API.

        :raises AwsError: AWS refuses
        """
        for identity in record.api_created:
            api_created.remove(self._client_of, identity)

    def remove_artifacts(self, folder: str, account_id: str, region: str) -> None:
        """Remove a deployment's folder of the artifact bucket, and the bucket with the last of them.

        :raises AwsError: AWS refuses
        """
        s3 = self._client_of("s3")
        bucket = artifacts.bucket_name(account_id, region)
        buckets.empty(s3, bucket, f"{folder}/")
        buckets.delete_if_empty(s3, bucket)

    def _empty_buckets(self, resources: list[StackResource]) -> None:
        for each in resources:
            if each.type == leftovers.BUCKET:
                self._progress(f"emptying the bucket {each.physical_id}")
                buckets.empty(self._client_of("s3"), each.physical_id)

    def _is_deleted(self, stack: FoundStack, *, is_last: bool) -> bool:
        """Delete the CloudFormation stack; return False where it failed and may be tried again."""
        cloudformation = self._client_of("cloudformation")
        with translated(f"deleting the stack {stack.name}"):
            cloudformation.delete_stack(StackName=stack.id)
        status = self._wait(stack)
        if status == "DELETE_FAILED" and is_last:
            stays = [each for each in resources_of(self._client_of, stack) if each.status in _STAYS]
            reasons = [f"{each}, {each.reason or 'no reason given'}" for each in stays]
            raise DeployError(
                f"CloudFormation could not delete the stack {stack.name}: {'; '.join(reasons)}",
                hint="the stack's events in CloudFormation tell why; then run this again",
            )
        return status != "DELETE_FAILED"

    def _wait(self, stack: FoundStack) -> str:
        is_of_aws = is_aws_itself(self._client_of("cloudformation").meta.endpoint_url)
        deadline = time.monotonic() + _TIMEOUT_S
        while time.monotonic() < deadline:
            found = find(self._client_of, stack.id)
            if found is None or found.status in ("DELETE_COMPLETE", "DELETE_FAILED"):
                return "DELETE_COMPLETE" if found is None else found.status
            time.sleep(POLL_OF_AWS_S if is_of_aws else _POLL_S)
        raise DeployError(
            f"the stack {stack.name} was not deleted within {_TIMEOUT_S / 60:.0f} minutes",
            hint="CloudFormation goes on with it; run this again later",
        )
