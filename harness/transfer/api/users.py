"""Operations on service-managed users and their SSH keys."""

from __future__ import annotations

from typing import Any

from harness.transfer.api import keys, paging, tags, user_rules
from harness.transfer.api.control import Control, new_id
from harness.transfer.api.errors import exists, invalid, quota, unknown
from harness.transfer.model import Server, SshPublicKey, User
from harness.transfer.store import AlreadyStoredError, NotStoredError

_NOT_OF_THE_RECORD = {"SshPublicKeyBody", "Tags"}
_CLEARED_BY_NOTHING = ("HomeDirectory", "Policy")


def create_user(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    server = _managed(control, request["ServerId"])
    given = {name: value for name, value in request.items() if name not in _NOT_OF_THE_RECORD}
    name = request["UserName"]
    user = User(**_without_empty(given), Arn=control.account.arn(f"user/{server.ServerId}/{name}"))
    user_rules.check(control, user)
    if control.store.user(server.ServerId, name) is not None:
        raise exists("User", name)
    if control.store.user_count(server.ServerId) >= control.quotas.users_per_server:
        raise quota("users of the server", control.quotas.users_per_server)
    with control.store.transaction():
        control.store.put_user(user)
        tags.put(control, user.Arn, request.get("Tags", []))
        if request.get("SshPublicKeyBody"):
            _add_key(control, user, request["SshPublicKeyBody"])
    control.on_change(server.ServerId)
    return {"ServerId": server.ServerId, "UserName": name}


def describe_user(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    user = control.user(request["ServerId"], request["UserName"])
    shown = {name: value for name, value in user.wire().items() if name != "ServerId"}
    if not user.HomeDirectoryMappings:
        del shown["HomeDirectoryMappings"]
    return {"ServerId": user.ServerId, "User": {**shown, "Tags": control.tag_list(user.Arn)}}


def update_user(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    """What is not given stays as it is. Mappings go with HomeDirectoryType LOGICAL, to which they belong."""
    old = control.user(request["ServerId"], request["UserName"])
    given = _without_empty(request)
    if given.get("HomeDirectoryType") == "PATH":
        given.setdefault("HomeDirectoryMappings", ())
    user = User.model_validate({**old.model_dump(), **given})
    user_rules.check(control, user)
    control.store.put_user(user)
    control.on_change(user.ServerId)
    return {name: request[name] for name in ("ServerId", "UserName")}


def delete_user(control: Control, request: dict[str, Any]) -> None:
    user = control.user(request["ServerId"], request["UserName"])
    control.store.delete_user(user.ServerId, user.UserName)
    control.on_change(user.ServerId)


def list_users(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    """The words for other servers are those of live AWS:
    https://github.com/hashicorp/terraform-provider-aws/issues/19850
    """
    server = control.server(request["ServerId"])
    if server.IdentityProviderType != "SERVICE_MANAGED":
        raise invalid(f"Cannot list users on server with IdP type: {server.IdentityProviderType}")
    listing = f"users of {server.ServerId}"
    after, size = paging.start(request, listing), paging.limit(request)
    found = control.store.users(server.ServerId, after=after, limit=size + 1)
    token = paging.token(listing, found[size - 1].UserName) if len(found) > size else {}
    return {"ServerId": server.ServerId, "Users": [_listed(user) for user in found[:size]], **token}


def import_ssh_public_key(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    user = control.user(request["ServerId"], request["UserName"])
    key_id = _add_key(control, user, request["SshPublicKeyBody"])
    control.on_change(user.ServerId)
    return {"ServerId": user.ServerId, "SshPublicKeyId": key_id, "UserName": user.UserName}


def delete_ssh_public_key(control: Control, request: dict[str, Any]) -> None:
    user = control.user(request["ServerId"], request["UserName"])
    key_id = request["SshPublicKeyId"]
    try:
        control.store.delete_ssh_public_key(user.ServerId, user.UserName, key_id)
    except NotStoredError:
        raise unknown("SshPublicKey", key_id, "SSH public key") from None
    control.on_change(user.ServerId)


def _managed(control: Control, server_id: str) -> Server:
    server = control.server(server_id)
    if server.IdentityProviderType != "SERVICE_MANAGED":
        raise invalid(f"Cannot create users on server with IdP type: {server.IdentityProviderType}")
    return server


def _add_key(control: Control, user: User, body: str) -> str:
    """Give the user the key; return its id.

    :raises ApiError: the key is not taken, the user has it, or has as many as may be
    """
    wire = keys.public_key(body)
    limit = control.quotas.ssh_public_keys_per_user
    if len(user.SshPublicKeys) >= limit:
        raise quota("SSH public keys of the user", limit)
    key_id = new_id("key")
    key = SshPublicKey(SshPublicKeyId=key_id, SshPublicKeyBody=body, DateImported=control.now())
    try:
        control.store.add_ssh_public_key(user.ServerId, user.UserName, key, wire)
    except AlreadyStoredError:
        raise exists("SshPublicKey", user.UserName, "SSH public key") from None
    return key_id


def _without_empty(given: dict[str, Any]) -> dict[str, Any]:
    """An empty text takes a session policy or a home directory away."""
    return {
        name: None if name in _CLEARED_BY_NOTHING and not value else value for name, value in given.items()
    }


def _listed(user: User) -> dict[str, Any]:
    shown = user.wire()
    names = ("Arn", "HomeDirectory", "HomeDirectoryType", "Role", "UserName")
    row = {name: shown[name] for name in names if name in shown}
    return {**row, "SshPublicKeyCount": len(user.SshPublicKeys)}
