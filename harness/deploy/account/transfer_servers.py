"""Servers and users of Transfer Family that are made, and removed, by its API, not by CloudFormation."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from harness.aws import translated
from harness.deploy.record import TOKEN_TAG
from harness.exceptions import AwsError

SERVER = "AWS::Transfer::Server"
_GONE = "ResourceNotFoundException"


def create_server(transfer: Any, properties: Mapping[str, Any], tags: Mapping[str, str]) -> str:
    """Create a server as the template has it, where CloudFormation lacks the type; return its id.

    :param properties: all resolved
    :param tags: by which it is found again, whatever happens after this call
    :raises AwsError: the API refuses it
    """
    request = {name: value for name, value in properties.items() if name != "Tags"}
    given = [*properties.get("Tags", ()), *({"Key": key, "Value": tags[key]} for key in tags)]
    with translated("creating the Transfer Family server"):
        return str(transfer.create_server(**request, Tags=given)["ServerId"])


def delete_created(transfer: Any, token: str) -> None:
    """Delete the servers that a deployment made by the API, with their users.

    :param token: of the deployment
    :raises AwsError: the API refuses
    """
    with translated("deleting the Transfer Family server"):
        for server_id in list(created(transfer, token)):
            delete_users(transfer, server_id)
            transfer.delete_server(ServerId=server_id)


def delete_users(transfer: Any, server_id: str) -> None:
    """Delete all users of a server, without which it cannot be deleted; one that has gone has none.

    :raises AwsError: the API refuses
    """
    with _gone_is_fine(), translated(f"deleting the users of {server_id}"):
        names = [
            user["UserName"]
            for page in transfer.get_paginator("list_users").paginate(ServerId=server_id)
            for user in page["Users"]
        ]
        for name in names:
            with _gone_is_fine(), translated(f"deleting the user {name}"):
                transfer.delete_user(ServerId=server_id, UserName=name)


def log_group(server_id: str) -> str:
    """Return the log group that a server with a logging role makes for itself:
    https://docs.aws.amazon.com/transfer/latest/userguide/monitoring.html
    """
    return f"/aws/transfer/{server_id}"


def created(transfer: Any, token: str) -> Iterator[str]:
    """Yield the ids of the servers that a deployment made by the API.

    :raises botocore.exceptions.ClientError: the API refuses to tell
    """
    for page in transfer.get_paginator("list_servers").paginate():
        for server in page["Servers"]:
            tags = transfer.list_tags_for_resource(Arn=server["Arn"]).get("Tags", ())
            if {"Key": TOKEN_TAG, "Value": token} in tags:
                yield server["ServerId"]


@contextlib.contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except AwsError as exc:
        if exc.code != _GONE:
            raise
