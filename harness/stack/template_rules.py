"""Servers, users and workflows of a template go into the store under the rules of the Transfer API.

CloudFormation creates them through that API: what it refuses ends the creation of a stack on AWS, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from harness.deploy import StandIn
from harness.engines.base import EngineInfo
from harness.exceptions import DeployError
from harness.transfer.api import Account, Control, server_rules, shapes, tags, users, workflows
from harness.transfer.api.errors import ApiError
from harness.transfer.api.validation import validate
from harness.transfer.model import Server, User, Workflow
from harness.transfer.store import TransferStore

Tags = Sequence[dict[str, Any]]


class TemplateRules:
    """Puts records into the store, each if the API would take it.

    Each method raises `DeployError` where it would not.

    :param store: writable
    """

    def __init__(self, store: TransferStore, engine: EngineInfo) -> None:
        self._control = Control(store, Account(engine.region, engine.account_id))

    def add_workflow(self, resource: StandIn, workflow: Workflow, given_tags: Tags) -> None:
        with _named(resource):
            request = _request("CreateWorkflow", workflow.wire(), given_tags)
            workflows.add_workflow(self._control, request, workflow.WorkflowId)

    def add_server(self, resource: StandIn, server: Server, given_tags: Tags) -> None:
        with _named(resource):
            request = _request("CreateServer", server.wire(), given_tags)
            server_rules.check(self._control, server)
            for arn in server.StructuredLogDestinations:
                server_rules.check_log_group_arn(arn)
            self._control.store.put_server(server)
            tags.put(self._control, server.Arn, request.get("Tags", []))

    def add_user(self, resource: StandIn, user: User, keys: Sequence[str], given_tags: Tags) -> None:
        with _named(resource):
            users.create_user(self._control, _request("CreateUser", user.wire(), given_tags))
            for line in keys:
                name = {"ServerId": user.ServerId, "UserName": user.UserName, "SshPublicKeyBody": line}
                users.import_ssh_public_key(self._control, _request("ImportSshPublicKey", name))


def _request(operation: str, record: dict[str, Any], given_tags: Tags = ()) -> dict[str, Any]:
    """Return what the API would be asked; lists that are empty are as if not given.

    :raises ApiError: a member breaks a limit of the API
    """
    given = {name: value for name, value in {**record, "Tags": list(given_tags)}.items() if value != []}
    model = shapes.operation(operation)
    return validate(model, _with_numbers(model.input_shape, given))


def _with_numbers(shape: Shape | None, value: Any) -> Any:
    """Return the value with numbers where the API has numbers: from CloudFormation they may come as text."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {name: _with_numbers(shape.members.get(name), each) for name, each in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_with_numbers(shape.member, each) for each in value]
    is_number = shape is not None and shape.type_name in ("integer", "long")
    return int(value) if is_number and isinstance(value, str) and value.isdecimal() else value


@contextmanager
def _named(resource: StandIn) -> Iterator[None]:
    """Say which resource was refused."""
    try:
        yield
    except ApiError as exc:
        raise DeployError(
            f"{resource.logical_id} ({resource.type}) is not right: {exc.message}",
            hint="CloudFormation would refuse it, too: change the template, or the parameter behind it",
        ) from exc
