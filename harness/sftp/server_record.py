"""A worker's settings where a control plane keeps the server: its record goes before the configuration file.

They are read once, when the worker starts; the supervisor starts other workers when the record changes.
"""

from __future__ import annotations

from typing import Any, TypeVar

import asyncssh

from harness.exceptions import EnvironmentNotReadyError
from harness.sftp import host_key
from harness.sftp.config import SftpConfig
from harness.transfer.model import HostKey, Server
from harness.transfer.store import TransferStore

_Config = TypeVar("_Config", bound=SftpConfig)


def open_store(config: SftpConfig) -> TransferStore | None:
    """Return the control plane's records, for reading; None where the configuration names none.

    :raises EnvironmentNotReadyError: the file cannot be used
    """
    return None if config.store_file is None else TransferStore(config.store_file)


def effective(config: _Config, store: TransferStore | None) -> _Config:
    """Return the configuration as the server's record has it.

    :raises EnvironmentNotReadyError: the store has no such server
    """
    if store is None:
        return config
    server = store.server(config.server_id)
    if server is None:
        raise EnvironmentNotReadyError(f"the control plane has no server {config.server_id}")
    return config.model_copy(update=_settings(server))


def host_keys(config: SftpConfig, store: TransferStore | None) -> list[asyncssh.SSHKey]:
    """Return the private keys that the server shows: one of each kind, the oldest.

    :raises EnvironmentNotReadyError: a key cannot be read or made
    """
    kept = store.host_keys(config.server_id) if store is not None else []
    if not kept:
        return [host_key.load_or_make(config.host_key_file)]
    by_kind: dict[str, asyncssh.SSHKey] = {}
    for record in kept:
        key = _read(record)
        by_kind.setdefault(key.get_algorithm(), key)
    return list(by_kind.values())


def _settings(server: Server) -> dict[str, Any]:
    protocol, storage = server.ProtocolDetails, server.S3StorageOptions
    return {
        "log_group": _log_group(server),
        "logging_role": server.LoggingRole,
        "workflow_details": server.WorkflowDetails,
        "identity_provider_type": server.IdentityProviderType,
        "identity_provider_details": server.IdentityProviderDetails,
        "set_stat_option": (protocol and protocol.SetStatOption) or "DEFAULT",
        "security_policy": server.SecurityPolicyName,
        "pre_authentication_login_banner": server.PreAuthenticationLoginBanner or "",
        "directory_listing_optimization": storage.DirectoryListingOptimization if storage else "DISABLED",
    }


def _log_group(server: Server) -> str | None:
    """Return NAME of `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*`."""
    for arn in server.StructuredLogDestinations:
        return arn.split(":")[6]
    return None


def _read(record: HostKey) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(record.HostKeyBody)
    except asyncssh.KeyImportError as exc:
        raise EnvironmentNotReadyError(f"cannot use the host key {record.HostKeyId}: {exc}") from exc
