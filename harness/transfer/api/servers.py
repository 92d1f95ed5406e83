"""Operations on servers. What each asks and gives: https://docs.aws.amazon.com/transfer/latest/APIReference/"""

from __future__ import annotations

import asyncio
from typing import Any

from harness.transfer.api import host_keys, paging, server_rules, tags
from harness.transfer.api.control import Control, new_id
from harness.transfer.api.errors import invalid, quota
from harness.transfer.model import Server, ServerState

_NOT_OF_THE_RECORD = {"ServerId", "HostKey", "Tags"}
_SETTLED: dict[ServerState, ServerState] = {"STARTING": "ONLINE", "STOPPING": "OFFLINE"}
_CLEARED_BY_NOTHING = ("LoggingRole", "PreAuthenticationLoginBanner", "PostAuthenticationLoginBanner")
_PROTOCOL_DEFAULTS = {
    "PassiveIp": "AUTO",
    "TlsSessionResumptionMode": "ENFORCED",
    "SetStatOption": "DEFAULT",
}
"""What AWS shows of a server that was made without them."""
_settling: set[asyncio.Task[None]] = set()
"""A task that nobody holds may be collected before it is done."""


async def create_server(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    await server_rules.check_log_groups(control, request.get("StructuredLogDestinations", []))
    server_id = new_id("s")
    given = {name: value for name, value in request.items() if name not in _NOT_OF_THE_RECORD}
    given.setdefault("S3StorageOptions", {})
    server = Server(
        **_without_empty(given),
        ServerId=server_id,
        Arn=control.account.arn(f"server/{server_id}"),
        State="STARTING",
    )
    server_rules.check(control, server)
    if len(control.store.servers()) >= control.quotas.servers:
        raise quota("servers", control.quotas.servers)
    key = host_keys.given_or_made(control, server_id, request.get("HostKey"))
    with control.store.transaction():
        control.store.put_server(server)
        control.store.put_host_key(key)
        tags.put(control, server.Arn, request.get("Tags", []))
    _settle(control, server_id)
    return {"ServerId": server_id}


def describe_server(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    """`SecurityGroupIds` are never shown, nor is `IdentityProviderDetails` of service-managed users."""
    server = control.server(request["ServerId"])
    shown = server.wire()
    shown.get("EndpointDetails", {}).pop("SecurityGroupIds", None)
    shown.pop("HostKeyStorageType", None)
    shown["ProtocolDetails"] = {**_PROTOCOL_DEFAULTS, **shown.get("ProtocolDetails", {})}
    keys = control.store.host_keys(server.ServerId)
    if keys:
        shown["HostKeyFingerprint"] = keys[0].HostKeyFingerprint
    return {
        "Server": {
            **shown,
            "Tags": control.tag_list(server.Arn),
            "UserCount": control.store.user_count(server.ServerId),
        }
    }


async def update_server(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    """What is not given stays as it is, inside `ProtocolDetails`, too."""
    await server_rules.check_log_groups(control, request.get("StructuredLogDestinations", []))
    old = control.server(request["ServerId"])
    server = _updated(old, request)
    server_rules.check(control, server, old)
    with control.store.transaction():
        control.store.put_server(server)
        if request.get("HostKey"):
            host_keys.replace_all(control, server.ServerId, request["HostKey"])
    control.on_change(server.ServerId)
    return {"ServerId": server.ServerId}


def delete_server(control: Control, request: dict[str, Any]) -> None:
    """Works in every state. With users it fails, which is why Terraform has `force_destroy`:
    https://github.com/hashicorp/terraform-provider-aws/pull/6935
    """
    server = control.server(request["ServerId"])
    if control.store.user_count(server.ServerId):
        raise invalid(f"Server {server.ServerId} has users; delete them first")
    control.store.delete_server(server.ServerId)
    control.on_change(server.ServerId)


def list_servers(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    servers = control.store.servers()
    chosen, token = paging.page(request, "servers", servers, lambda server: server.ServerId)
    return {"Servers": [_listed(control, server) for server in chosen], **token}


def start_server(control: Control, request: dict[str, Any]) -> None:
    """ "It has no impact on a server that is already ONLINE"."""
    _move(control, request["ServerId"], "STARTING", already=("STARTING", "ONLINE"))


def stop_server(control: Control, request: dict[str, Any]) -> None:
    """A server that is stopped, or is on the way to it, stays so."""
    _move(control, request["ServerId"], "STOPPING", already=("STOPPING", "OFFLINE"))


def _move(control: Control, server_id: str, state: ServerState, already: tuple[ServerState, ...]) -> None:
    server = control.server(server_id)
    if server.State not in already:
        control.store.put_server(server.model_copy(update={"State": state}))
        _settle(control, server_id)


def _settle(control: Control, server_id: str) -> None:
    """Tell of the new state, and end it where nobody else does."""
    control.on_change(server_id)
    if control.settle_after_s == 0:
        _settled(control, server_id)
    elif control.settle_after_s is not None:
        task = asyncio.get_running_loop().create_task(_settle_later(control, server_id))
        _settling.add(task)
        task.add_done_callback(_settling.discard)


async def _settle_later(control: Control, server_id: str) -> None:
    assert control.settle_after_s is not None
    await asyncio.sleep(control.settle_after_s)
    _settled(control, server_id)


def _settled(control: Control, server_id: str) -> None:
    server = control.store.server(server_id)
    if server is not None and server.State in _SETTLED:
        control.store.put_server(server.model_copy(update={"State": _SETTLED[server.State]}))
        control.on_change(server_id)


def _updated(old: Server, request: dict[str, Any]) -> Server:
    """`IdentityProviderDetails` go when the type that they belonged to does."""
    given = {name: value for name, value in request.items() if name not in _NOT_OF_THE_RECORD}
    if "ProtocolDetails" in given:
        before = old.ProtocolDetails.wire() if old.ProtocolDetails else {}
        given["ProtocolDetails"] = {**before, **given["ProtocolDetails"]}
    if given.get("IdentityProviderType", old.IdentityProviderType) != old.IdentityProviderType:
        given.setdefault("IdentityProviderDetails", None)
    if given.get("EndpointType", old.EndpointType) != old.EndpointType:
        given.setdefault("EndpointDetails", None)
    return Server.model_validate({**old.model_dump(), **_without_empty(given)})


def _without_empty(given: dict[str, Any]) -> dict[str, Any]:
    """An empty text takes a role or a banner away."""
    return {
        name: None if name in _CLEARED_BY_NOTHING and not value else value for name, value in given.items()
    }


def _listed(control: Control, server: Server) -> dict[str, Any]:
    names = ("Arn", "Domain", "IdentityProviderType", "EndpointType", "LoggingRole", "ServerId", "State")
    shown = server.wire()
    row = {name: shown[name] for name in names if name in shown}
    return {**row, "UserCount": control.store.user_count(server.ServerId)}
