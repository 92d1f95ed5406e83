"""Operations on host keys. A server shows the oldest key of each type, as AWS does:
https://docs.aws.amazon.com/transfer/latest/userguide/server-host-key-add.html
"""

from __future__ import annotations

from typing import Any

import asyncssh

from harness.transfer.api import keys, paging, tags
from harness.transfer.api.control import Control, new_id
from harness.transfer.api.errors import exists, invalid, not_available, quota, unknown
from harness.transfer.model import HostKey


def given_or_made(control: Control, server_id: str, body: str | None) -> HostKey:
    """Return the first key of a new server: the one that was given, else an ed25519 key of our own making."""
    if body:
        return _record(control, server_id, keys.private_key(body), body)
    key = asyncssh.generate_private_key("ssh-ed25519")
    return _record(control, server_id, key, key.export_private_key("openssh").decode())


def replace_all(control: Control, server_id: str, body: str) -> None:
    """`UpdateServer` with `HostKey`: the server has this key and no other."""
    key = _record(control, server_id, keys.private_key(body), body)
    for old in control.store.host_keys(server_id):
        control.store.delete_host_key(server_id, old.HostKeyId)
    control.store.put_host_key(key)


def import_host_key(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    server = control.server(request["ServerId"])
    _check_storage(request)
    body = request["HostKeyBody"]
    present = control.store.host_keys(server.ServerId)
    if len(present) >= control.quotas.host_keys_per_server:
        raise quota("host keys of the server", control.quotas.host_keys_per_server)
    key = _record(control, server.ServerId, keys.private_key(body), body, request.get("Description"))
    if key.HostKeyFingerprint in {each.HostKeyFingerprint for each in present}:
        raise exists("HostKey", key.HostKeyFingerprint, "Host key")
    with control.store.transaction():
        control.store.put_host_key(key)
        tags.put(control, key.Arn, request.get("Tags", []))
    control.on_change(server.ServerId)
    return {"ServerId": server.ServerId, "HostKeyId": key.HostKeyId}


def describe_host_key(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    key = _found(control, request)
    shown = {name: value for name, value in key.wire().items() if name not in ("HostKeyBody", "ServerId")}
    return {"HostKey": {**shown, "Tags": control.tag_list(key.Arn)}}


def update_host_key(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    key = _found(control, request)
    _check_storage(request)
    control.store.put_host_key(key.model_copy(update={"Description": request.get("Description")}))
    return {"ServerId": key.ServerId, "HostKeyId": key.HostKeyId}


def delete_host_key(control: Control, request: dict[str, Any]) -> None:
    """The last key stays: without one, a server could not be spoken to. (AWS documents no rule.)"""
    key = _found(control, request)
    if len(control.store.host_keys(key.ServerId)) == 1:
        raise invalid("Cannot delete the only host key of a server")
    control.store.delete_host_key(key.ServerId, key.HostKeyId)
    control.on_change(key.ServerId)


def list_host_keys(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    server = control.server(request["ServerId"])
    listing = f"host keys of {server.ServerId}"
    present = sorted(control.store.host_keys(server.ServerId), key=lambda key: key.HostKeyId)
    chosen, token = paging.page(request, listing, present, lambda key: key.HostKeyId)
    return {"ServerId": server.ServerId, "HostKeys": [_listed(key) for key in chosen], **token}


def _listed(key: HostKey) -> dict[str, Any]:
    names = ("Arn", "HostKeyId", "Description", "Type", "DateImported")
    row = {name: value for name, value in key.wire().items() if name in names}
    return {**row, "Fingerprint": key.HostKeyFingerprint}


def _found(control: Control, request: dict[str, Any]) -> HostKey:
    server = control.server(request["ServerId"])
    key = control.store.host_key(server.ServerId, request["HostKeyId"])
    if key is None:
        raise unknown("HostKey", request["HostKeyId"], "host key")
    return key


def _check_storage(request: dict[str, Any]) -> None:
    if request.get("StorageType") == "SECRETS_MANAGER" or "KmsKey" in request:
        raise not_available("StorageType SECRETS_MANAGER", "use SERVICE_MANAGED")


def _record(
    control: Control, server_id: str, key: asyncssh.SSHKey, body: str, description: str | None = None
) -> HostKey:
    key_id = new_id("hostkey")
    return HostKey(
        HostKeyId=key_id,
        ServerId=server_id,
        Arn=control.account.arn(f"host-key/{server_id}/{key_id}"),
        HostKeyBody=body,
        HostKeyFingerprint=key.get_fingerprint(),
        Type=keys.type_of(key),
        Description=description,
        DateImported=control.now(),
    )
