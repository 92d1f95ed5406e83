"""`--sftp-endpoint transfer`: a server of AWS Transfer Family in the place of our own.

The template makes the server; the users of the stack come by the API, each with its key. Where the endpoint
that stands in for AWS has no such server in its CloudFormation, the server comes by the API, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harness import aws
from harness.aws import translated
from harness.deploy import Deployment
from harness.deploy.account.transfer_servers import SERVER, create_server
from harness.deploy.record import DeploymentRecord
from harness.engines.base import EngineInfo, Progress
from harness.exceptions import DeployError, EngineStartError
from harness.stack import customer_role
from harness.stack.customers import Customer
from harness.stack.description import SftpEndpoint, TransferEndpoint
from harness.stack.in_account.login import wait_for_login
from harness.stack.state import StackState

_SERVER_ID = "SftpServerId"
_ENDPOINT_TAG = "floodgate:endpoint"
"""Of a server of ours that stands in for one of AWS: where it listens."""
_ONLINE_WITHIN_S = 900.0
_POLL_S = 2.0
DIFFERENCES = (
    "Version ids of uploads come from ListObjectVersions, a moment later; what a session leaves that breaks "
    "off is known from the source bucket alone.",
)
"""What is known less of than with the harness's own server."""


@dataclass(frozen=True)
class TransferServer:
    """Makes the server take the stack's customers.

    :param engine: the account
    """

    state: StackState
    engine: EngineInfo
    deployment: Deployment
    customers: Sequence[Customer]
    progress: Progress
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def start(self) -> tuple[SftpEndpoint, TransferEndpoint]:
        """Return where it listens, once a first user could log in and list its folder.

        :raises DeployError: the template has no server
        :raises EngineStartError: it is not online in time, or lets nobody in
        :raises AwsError: AWS refuses a step
        """
        transfer = aws.client("transfer", self.engine)
        server_id = self._create(transfer) or self.deployment.outputs.get(_SERVER_ID)
        if not server_id:
            raise DeployError(
                f"the template has neither an output {_SERVER_ID} nor a Transfer Family server",
                hint="choose --sftp-endpoint stand-in, or --parameter SftpEndpoint=public",
            )
        bucket = self.deployment.source_bucket
        role_arn = customer_role.create(self.state, self.engine, bucket=bucket, server_id=server_id)
        server = self._wait_until_online(transfer, server_id)
        self.progress(f"SFTP: making {len(self.customers)} users on {server_id}")
        for customer in self.customers:
            self._create_user(transfer, server_id, customer, bucket, role_arn)
        host, port = self._place(server_id, server)
        self.progress(f"SFTP: logging in at {host}:{port}")
        accepted = _fingerprints(transfer, server_id, server)
        fingerprint = wait_for_login(host, port, self.customers[0].user, accepted, sleep=self.sleep)
        api = TransferEndpoint(aws.endpoint_url("transfer", self.engine), "iam")
        return SftpEndpoint(host, port, fingerprint, server_id, workers=0), api

    def _create(self, transfer: Any) -> str | None:
        """Make the server that CloudFormation lacks by the API; None where CloudFormation makes it.

        It is noted in the deployment's record before it is there.
        """
        found = [each for each in self.deployment.stand_ins if each.type == SERVER]
        record = DeploymentRecord.read(self.state.deploy_dir)
        if not found or record is None:
            return None
        record.with_api_created({"type": SERVER, "name": record.stack_name, "token": record.token}).write(
            self.state.deploy_dir
        )
        self.progress("SFTP: making the Transfer Family server by its API")
        return create_server(transfer, found[0].properties, record.tags())

    def _wait_until_online(self, transfer: Any, server_id: str) -> dict[str, Any]:
        deadline = self.now() + _ONLINE_WITHIN_S
        told = ""
        while self.now() < deadline:
            with translated(f"asking for {server_id}"):
                server: dict[str, Any] = transfer.describe_server(ServerId=server_id)["Server"]
            if server["State"] == "ONLINE" and self._has_place(server):
                return server
            if server["State"] == "START_FAILED":
                raise EngineStartError(f"the server {server_id} could not start", hint="its VPC may be why")
            if server["State"] != told:
                told = server["State"]
                self.progress(f"SFTP: {server_id} is {told}")
            self.sleep(_POLL_S)
        raise EngineStartError(f"the server {server_id} was not online after {_ONLINE_WITHIN_S / 60:.0f} min")

    def _create_user(
        self, transfer: Any, server_id: str, customer: Customer, bucket: str, role_arn: str
    ) -> None:
        name = customer.user.name
        with translated(f"making the user {name}"):
            transfer.create_user(
                ServerId=server_id,
                UserName=name,
                Role=role_arn,
                HomeDirectoryType="LOGICAL",
                HomeDirectoryMappings=[{"Entry": "/", "Target": f"/{bucket}/{name}"}],
                Policy=customer_role.session_policy(bucket),
                SshPublicKeyBody=customer.public_key.strip(),
                Tags=[{"Key": key, "Value": value} for key, value in self._tags().items()],
            )

    def _tags(self) -> dict[str, str]:
        record = DeploymentRecord.read(self.state.deploy_dir)
        return record.tags() if record else {}

    def _has_place(self, server: dict[str, Any]) -> bool:
        return aws.is_aws_itself(self.engine.endpoint_url) or _ENDPOINT_TAG in _tags_of(server)

    def _place(self, server_id: str, server: dict[str, Any]) -> tuple[str, int]:
        """Return host and port: https://docs.aws.amazon.com/transfer/latest/userguide/transfer-file.html"""
        if aws.is_aws_itself(self.engine.endpoint_url):
            return f"{server_id}.server.transfer.{self.engine.region}.amazonaws.com", 22
        host, _, port = _tags_of(server)[_ENDPOINT_TAG].rpartition(":")
        return host, int(port)


def _fingerprints(transfer: Any, server_id: str, server: dict[str, Any]) -> frozenset[str]:
    """Return those of all host keys, without the padding that OpenSSH does not write."""
    with translated(f"listing the host keys of {server_id}"):
        keys = transfer.list_host_keys(ServerId=server_id)["HostKeys"]
    told = [server.get("HostKeyFingerprint", ""), *(key["Fingerprint"] for key in keys)]
    return frozenset(fingerprint.rstrip("=") for fingerprint in told if fingerprint)


def _tags_of(server: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in server.get("Tags", ())}
