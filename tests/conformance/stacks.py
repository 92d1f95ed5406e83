"""CloudFormation stacks for tests."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from tests.conformance.aws import Aws
from tests.conformance.waiting import eventually

_DEADLINE_S = 60.0
_REAL_DEADLINE_S = 600.0


class Stack:
    """One stack of a test; what is left of it at the end is removed."""

    def __init__(self, aws: Aws) -> None:
        self._aws, self.client = aws, aws.cloudformation
        self.name = aws.name("stack")
        aws.at_end(self._remove)

    def create(self, resources: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Make it, wait for the end of that, return its description."""
        self.client.create_stack(
            StackName=self.name, TemplateBody=template(resources, **more.pop("parts", {})), **more
        )
        return self.settled()

    def update(self, resources: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = template(resources, **more.pop("parts", {}))
        self.client.update_stack(StackName=self.name, TemplateBody=body, **more)
        return self.settled()

    def delete(self) -> str:
        """Delete it, wait for the end of that, return the status."""
        identifier = self.description()["StackId"]
        self.client.delete_stack(StackName=self.name)
        return str(self.settled(identifier)["StackStatus"])

    def description(self, name: str | None = None) -> dict[str, Any]:
        found: dict[str, Any] = self.client.describe_stacks(StackName=name or self.name)["Stacks"][0]
        return found

    def settled(self, name: str | None = None) -> dict[str, Any]:
        """Wait until nothing is in progress."""

        def done() -> dict[str, Any] | None:
            found = self.description(name)
            return None if found["StackStatus"].endswith("_IN_PROGRESS") else found

        deadline_s = _REAL_DEADLINE_S if self._aws.account.is_real else _DEADLINE_S
        found: dict[str, Any] = eventually(done, deadline_s, what=f"the end of work on {self.name}")
        return found

    def outputs(self) -> dict[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in self.description().get("Outputs", [])}

    def resources(self) -> dict[str, str]:
        """Return physical ids by logical ids, of what is there."""
        found = self.client.describe_stack_resources(StackName=self.name)["StackResources"]
        return {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for each in found
            if each["ResourceStatus"] != "DELETE_COMPLETE"
        }

    def events(self) -> list[dict[str, Any]]:
        return list(self.client.describe_stack_events(StackName=self.name)["StackEvents"])

    def _remove(self) -> None:
        try:
            self.client.describe_stacks(StackName=self.name)
        except ClientError:  # never made, or deleted
            return
        self.client.delete_stack(StackName=self.name)


def template(resources: dict[str, Any], **parts: Any) -> str:
    """Return a template; further parts are e.g. Parameters and Outputs."""
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources, **parts})


def queue(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}
