"""What the control plane of a new stack holds: what the template has of Transfer Family, and the customers.

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
from harness.transfer.model import HostKey, MapEntry, Server, SshPublicKey, StorageOptions, User, Workflow
from harness.transfer.store import AlreadyStoredError, TransferStore

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
        for _, server in self._servers():
            if server.IdentityProviderType == "SERVICE_MANAGED" and "SFTP" in server.Protocols:
                return server.ServerId
        return transfer.server_id(self.stack_name, "Customers")

    def write(self, store_file: Path, customers: Iterable[User]) -> None:
        """Make the store.

        :raises DeployError: a property of the template's server or user is not right
        :raises EnvironmentNotReadyError: the file cannot be written
        """
        # Only now: the API takes a while to load, which `status` and `down` have no use for.
        from harness.stack.template_rules import TemplateRules

        with TransferStore(store_file, writable=True) as store, store.transaction():
            rules = TemplateRules(store, self.engine)
            for resource, workflow in self._workflows():
                rules.add_workflow(resource, workflow, _tags(resource))
            for resource, server in self._servers():
                rules.add_server(resource, server, _tags(resource))
            if store.server(self.main_server) is None:
                store.put_server(self._own_server())
            for server in store.servers():
                store.put_host_key(self._host_key(server.ServerId))
            for resource, user in self._users():
                rules.add_user(resource, user, resource.properties.get(_KEYS_OF_USERS, []), _tags(resource))
            _add(store, list(customers))

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

    def _workflows(self) -> Iterator[tuple[StandIn, Workflow]]:
        for resource in self._resources(transfer.WORKFLOW):
            workflow_id = transfer.workflow_id(self.stack_name, resource.logical_id)
            known = {"WorkflowId": workflow_id, "Arn": self._arn(f"workflow/{workflow_id}")}
            yield resource, _checked(Workflow, resource, known)

    def _servers(self) -> Iterator[tuple[StandIn, Server]]:
        for resource in self._resources(transfer.SERVER):
            server_id = transfer.server_id(self.stack_name, resource.logical_id)
            known = {"ServerId": server_id, "Arn": self._arn(f"server/{server_id}"), "State": "STARTING"}
            defaults = {"SecurityPolicyName": CLOUDFORMATION_POLICY, "S3StorageOptions": {}}
            yield resource, _checked(Server, resource, known, defaults)

    def _users(self) -> Iterator[tuple[StandIn, User]]:
        for resource in self._resources(transfer.USER):
            given = resource.properties
            arn = self._arn(f"user/{given.get('ServerId')}/{given.get('UserName')}")
            yield resource, _checked(User, resource, {"Arn": arn})

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


def _add(store: TransferStore, customers: Sequence[User]) -> None:
    """:raises DeployError: the template has a user of the same name"""
    wires = {
        key.SshPublicKeyId: base64.b64decode(key.SshPublicKeyBody.split()[1])
        for user in customers
        for key in user.SshPublicKeys
    }
    try:
        store.add_users(customers, wires)
    except AlreadyStoredError as exc:
        raise DeployError(
            "a user of the template has the name of a customer that `up` makes",
            hint="give the user another name than customer-0001, customer-0002, …",
        ) from exc


def _ssh_key(line: str) -> SshPublicKey:
    return SshPublicKey(
        SshPublicKeyId=_new_id("key"), SshPublicKeyBody=line.strip(), DateImported=clock.now()
    )


def _checked(
    kind: type[Any], resource: StandIn, known: dict[str, Any], defaults: dict[str, Any] | None = None
) -> Any:
    given = {
        name: value for name, value in resource.properties.items() if name not in (_TAGS, _KEYS_OF_USERS)
    }
    try:
        return kind.model_validate({**(defaults or {}), **given, **known})
    except ValidationError as exc:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors())
        raise DeployError(f"{resource.logical_id} ({resource.type}) is not right: {problems}") from exc


def _tags(resource: StandIn) -> list[dict[str, Any]]:
    return list(resource.properties.get(_TAGS, []))


def _new_id(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(9)[:17]}"
