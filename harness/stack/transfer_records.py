"""What the control plane of a new stack holds: the servers and users of the template, and the customers.

Customers are service-managed users of the template's server. Where the template has none, or one whose users
come from an identity provider of its own, they get a server for themselves.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
from pydantic import ValidationError

from harness import clock
from harness.deploy import StandIn, transfer
from harness.engines.base import EngineInfo
from harness.exceptions import DeployError
from harness.stack.customers import Customer
from harness.transfer.model import HostKey, MapEntry, Server, SshPublicKey, StorageOptions, User
from harness.transfer.store import TransferStore

CLOUDFORMATION_POLICY = "TransferSecurityPolicy-2018-11"
"""What CloudFormation, unlike the API, gives a server that names none:
https://docs.aws.amazon.com/transfer/latest/userguide/security-policies.html
"""
_KEYS_OF_USERS = "SshPublicKeys"
_TAGS = "Tags"


@dataclass(frozen=True)
class TransferRecords:
    """Everything that goes into the store before the Transfer process starts.

    :param engine: of the stack; gives region and account
    :param stack_name: in CloudFormation
    """

    engine: EngineInfo
    stack_name: str
    stand_ins: Sequence[StandIn]
    log_group: str | None
    """Of a server that the template does not have."""

    @property
    def main_server(self) -> str:
        """The server of the customers."""
        for server, _ in self._of_template():
            if server.IdentityProviderType == "SERVICE_MANAGED" and "SFTP" in server.Protocols:
                return server.ServerId
        return transfer.server_id(self.stack_name, "Customers")

    def write(self, store_file: Path, customers: Iterable[User]) -> None:
        """Make the store.

        :raises DeployError: a property of the template's server or user is not right
        :raises EnvironmentNotReadyError: the file cannot be written
        """
        with TransferStore(store_file, writable=True) as store, store.transaction():
            for server, tags in self._servers():
                store.put_server(server)
                store.put_tags(server.Arn, tags)
                store.put_host_key(self._host_key(server.ServerId))
            _add(store, [*self._users(), *customers])

    def customer(self, customer: Customer, *, bucket: str, role_arn: str, policy: str) -> User:
        """Return a customer as a user of the main server, at home in a folder of the bucket."""
        name = customer.user.name
        return User(
            ServerId=self.main_server,
            UserName=name,
            Arn=self._arn(f"user/{self.main_server}/{name}"),
            Role=role_arn,
            HomeDirectoryType="LOGICAL",
            HomeDirectoryMappings=(MapEntry(Entry="/", Target=f"/{bucket}/{name}"),),
            Policy=policy,
            SshPublicKeys=(_ssh_key(customer.public_key),),
        )

    def _servers(self) -> Iterator[tuple[Server, dict[str, str]]]:
        found = list(self._of_template())
        yield from found
        if self.main_server not in {server.ServerId for server, _ in found}:
            yield self._own_server(), {}

    def _own_server(self) -> Server:
        account = f"{self.engine.region}:{self.engine.account_id}"
        logs = [f"arn:aws:logs:{account}:log-group:{self.log_group}:*"] if self.log_group else []
        return Server(
            ServerId=self.main_server,
            Arn=self._arn(f"server/{self.main_server}"),
            State="STARTING",
            StructuredLogDestinations=tuple(logs),
            S3StorageOptions=StorageOptions(DirectoryListingOptimization="ENABLED"),
        )

    def _of_template(self) -> Iterator[tuple[Server, dict[str, str]]]:
        for resource in self._resources(transfer.SERVER):
            server_id = transfer.server_id(self.stack_name, resource.logical_id)
            given = {name: value for name, value in resource.properties.items() if name != _TAGS}
            known = {"ServerId": server_id, "Arn": self._arn(f"server/{server_id}"), "State": "STARTING"}
            defaults = {"SecurityPolicyName": CLOUDFORMATION_POLICY, "S3StorageOptions": {}}
            server = _checked(Server, resource, {**defaults, **given, **known})
            yield server, _tags(resource)

    def _users(self) -> Iterator[User]:
        for resource in self._resources(transfer.USER):
            given = dict(resource.properties)
            given.pop(_TAGS, None)
            keys = given.pop(_KEYS_OF_USERS, [])
            arn = self._arn(f"user/{given.get('ServerId')}/{given.get('UserName')}")
            user = _checked(User, resource, {**given, "Arn": arn})
            for line in keys:
                _require_key(user.UserName, line)
            yield user.model_copy(update={"SshPublicKeys": tuple(_ssh_key(line) for line in keys)})

    def _resources(self, kind: str) -> Iterator[StandIn]:
        return (resource for resource in self.stand_ins if resource.type == kind)

    def _arn(self, resource: str) -> str:
        return f"arn:aws:transfer:{self.engine.region}:{self.engine.account_id}:{resource}"

    def _host_key(self, server_id: str) -> HostKey:
        key = asyncssh.generate_private_key("ssh-ed25519")
        key_id = _new_id("hostkey")
        return HostKey(
            HostKeyId=key_id,
            ServerId=server_id,
            Arn=self._arn(f"host-key/{server_id}/{key_id}"),
            HostKeyBody=key.export_private_key("openssh").decode(),
            HostKeyFingerprint=key.get_fingerprint(),
            Type=key.get_algorithm(),
            DateImported=clock.now(),
        )


def _add(store: TransferStore, users: Sequence[User]) -> None:
    wires = {
        key.SshPublicKeyId: base64.b64decode(key.SshPublicKeyBody.split()[1])
        for user in users
        for key in user.SshPublicKeys
    }
    store.add_users(users, wires)


def _ssh_key(line: str) -> SshPublicKey:
    return SshPublicKey(
        SshPublicKeyId=_new_id("key"), SshPublicKeyBody=line.strip(), DateImported=clock.now()
    )


def _checked(kind: type[Any], resource: StandIn, properties: dict[str, Any]) -> Any:
    try:
        return kind.model_validate(properties)
    except ValidationError as exc:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors())
        raise DeployError(f"{resource.logical_id} ({resource.type}) is not right: {problems}") from exc


def _require_key(user_name: str, line: str) -> None:
    try:
        asyncssh.import_public_key(line)
    except asyncssh.KeyImportError as exc:
        raise DeployError(
            f"the public key of the user {user_name} is not one: {line[:40]!r} ({exc})",
            hint="give one line of OpenSSH's format, such as in ~/.ssh/id_ed25519.pub",
        ) from exc


def _tags(resource: StandIn) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in resource.properties.get(_TAGS, [])}


def _new_id(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(9)[:17]}"
