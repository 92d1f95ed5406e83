"""The table of operations, and the way of one request through checks and operation."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from botocore.model import OperationNotFoundError
from pydantic import ValidationError

from harness.transfer.api import catalogue, host_keys, identity, servers, shapes, tags, users, workflows
from harness.transfer.api.control import Control
from harness.transfer.api.errors import ApiError, not_available, unknown_operation
from harness.transfer.api.validation import validate

Answer = dict[str, Any] | None
Operation = Callable[[Control, dict[str, Any]], Answer | Awaitable[Answer]]

OPERATIONS: dict[str, Operation] = {
    "CreateServer": servers.create_server,
    "CreateUser": users.create_user,
    "CreateWorkflow": workflows.create_workflow,
    "DeleteHostKey": host_keys.delete_host_key,
    "DeleteServer": servers.delete_server,
    "DeleteSshPublicKey": users.delete_ssh_public_key,
    "DeleteUser": users.delete_user,
    "DeleteWorkflow": workflows.delete_workflow,
    "DescribeExecution": workflows.describe_execution,
    "DescribeHostKey": host_keys.describe_host_key,
    "DescribeSecurityPolicy": catalogue.describe_security_policy,
    "DescribeServer": servers.describe_server,
    "DescribeUser": users.describe_user,
    "DescribeWorkflow": workflows.describe_workflow,
    "ImportHostKey": host_keys.import_host_key,
    "ImportSshPublicKey": users.import_ssh_public_key,
    "ListExecutions": workflows.list_executions,
    "ListHostKeys": host_keys.list_host_keys,
    "ListSecurityPolicies": catalogue.list_security_policies,
    "ListServers": servers.list_servers,
    "ListTagsForResource": tags.list_tags_for_resource,
    "ListUsers": users.list_users,
    "ListWorkflows": workflows.list_workflows,
    "SendWorkflowStepState": workflows.send_workflow_step_state,
    "StartServer": servers.start_server,
    "StopServer": servers.stop_server,
    "TagResource": tags.tag_resource,
    "TestIdentityProvider": identity.test_identity_provider,
    "UntagResource": tags.untag_resource,
    "UpdateHostKey": host_keys.update_host_key,
    "UpdateServer": servers.update_server,
    "UpdateUser": users.update_user,
}


async def perform(control: Control, name: str, request: Any) -> dict[str, Any]:
    """Do one operation and return its answer.

    :param name: such as `CreateServer`
    :param request: the JSON of the request's body
    :raises ApiError: AWS would refuse it, too, or this stand-in does not have the operation
    """
    operation = OPERATIONS.get(name)
    if operation is None:
        raise _missing(name)
    checked = validate(shapes.operation(name), request)
    try:
        answer = operation(control, checked)
        if inspect.isawaitable(answer):
            answer = await answer
    except ValidationError as exc:
        raise _newer(exc) from exc
    return answer or {}


def _newer(error: ValidationError) -> ApiError:
    """A botocore that is newer than the records knows members and values that they do not."""
    member = ".".join(str(part) for part in error.errors()[0]["loc"])
    return not_available(f"This value of {member}", "leave it out")


def _missing(name: str) -> ApiError:
    """AWS says nothing more than the error's name; for an operation of its own, this is worth a word."""
    try:
        shapes.operation(name)
    except OperationNotFoundError:
        return unknown_operation()
    return unknown_operation(message=f"This stand-in of Transfer Family does not have {name}")
