"""Roles in the engine's IAM, and users of them in the control plane's store."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from harness.transfer.model import MapEntry, Server, SshPublicKey, User
from harness.transfer.store import TransferStore
from tests.integration.sftp.front_end import SERVER_ID, FrontEnd

SERVER_ARN = f"arn:aws:transfer:us-east-1:000000000000:server/{SERVER_ID}"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "transfer.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "000000000000"},
                "ArnLike": {"aws:SourceArn": f"arn:aws:transfer:*:000000000000:user/{SERVER_ID}/*"},
            },
        }
    ],
}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def store_with_server(path: Path) -> TransferStore:
    store = TransferStore(path, writable=True)
    store.put_server(Server(ServerId=SERVER_ID, Arn=SERVER_ARN, State="ONLINE"))
    return store


@dataclass(frozen=True)
class Roles:
    """Makes roles with names of their own."""

    iam: Any

    def make(self, *documents: dict[str, Any], attached: dict[str, Any] | None = None) -> str:
        """Return the ARN of a role with inline policies, and an attached one in its second version."""
        name = f"sftp-{secrets.token_hex(6)}"
        trust = json.dumps(TRUST)
        arn = str(self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])
        for number, document in enumerate(documents):
            self.iam.put_role_policy(
                RoleName=name, PolicyName=f"inline-{number}", PolicyDocument=json.dumps(document)
            )
        if attached is not None:
            self.iam.attach_role_policy(RoleName=name, PolicyArn=self._managed(name, attached))
        return arn

    def _managed(self, name: str, document: dict[str, Any]) -> str:
        nothing = json.dumps(policy({"Effect": "Deny", "Action": "*", "Resource": "*"}))
        arn = str(self.iam.create_policy(PolicyName=name, PolicyDocument=nothing)["Policy"]["Arn"])
        self.iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)
        return arn


def put_user(
    store: TransferStore,
    front_end: FrontEnd,
    name: str,
    role_arn: str,
    *,
    home: str | None = None,
    mappings: tuple[MapEntry, ...] = (),
    session_policy: dict[str, Any] | str | None = None,
) -> None:
    """Add a user whose private key is where `front_end.login(name)` looks."""
    key = asyncssh.read_private_key(front_end.login(name).key_file)
    body = key.export_public_key().decode().strip()
    text = json.dumps(session_policy) if isinstance(session_policy, dict) else session_policy
    store.put_user(
        User(
            ServerId=SERVER_ID,
            UserName=name,
            Arn=f"arn:aws:transfer:us-east-1:000000000000:user/{SERVER_ID}/{name}",
            Role=role_arn,
            HomeDirectory=home,
            HomeDirectoryType="LOGICAL" if mappings else "PATH",
            HomeDirectoryMappings=mappings,
            Policy=text,
        )
    )
    imported = SshPublicKey(
        SshPublicKeyId=f"key-{secrets.token_hex(9)[:17]}", SshPublicKeyBody=body, DateImported=0.0
    )
    store.add_ssh_public_key(SERVER_ID, name, imported, key.public_data)
