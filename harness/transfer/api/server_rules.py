"""What AWS asks of a server beyond the limits of single members.

https://docs.aws.amazon.com/transfer/latest/APIReference/API_CreateServer.html, members `Protocols`,
`EndpointDetails`, `IdentityProviderDetails` and `StructuredLogDestinations`. Where AWS documents a rule
without its error, the words are ours.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re

from harness.transfer.api.control import Control
from harness.transfer.api.errors import conflict, invalid, not_available, unknown
from harness.transfer.model import Server
from harness.transfer.policies import SECURITY_POLICIES

_LOG_GROUP_ARN = re.compile(r"arn:[^:]+:logs:[^:]+:\d*:log-group:[^:*]+:\*")
_PASSIVE_WORDS = ("AUTO", "0.0.0.0")  # noqa: S104 - AWS's names for the address that the client came to
_NEEDED = {"API_GATEWAY": ("Url", "InvocationRole"), "AWS_LAMBDA": ("Function",)}
_FILE_TRANSFER_WITHOUT_SSH = {"FTP", "FTPS"}


def check(control: Control, server: Server, old: Server | None = None) -> None:
    """Hold a server that is going to be created or updated against all rules.

    :raises ApiError: it breaks one
    """
    _check_available(server)
    _check_provider(server)
    _check_endpoint(server)
    _check_protocols(server)
    _check_policy(server)
    _check_workflows(control, server)
    if old is not None:
        _check_change(server, old)


def _check_available(server: Server) -> None:
    """The data plane serves S3 over SFTP, FTPS and FTP, and has no directory service."""
    if server.Domain == "EFS":
        raise not_available("Domain EFS", "use S3")
    if "AS2" in server.Protocols:
        raise not_available("Protocol AS2", "use SFTP, FTPS or FTP")
    if server.IdentityProviderType == "AWS_DIRECTORY_SERVICE":
        raise not_available("AWS_DIRECTORY_SERVICE", "ask the directory in a function, with AWS_LAMBDA")
    if server.HostKeyStorageType == "SECRETS_MANAGER":
        raise not_available("HostKeyStorageType SECRETS_MANAGER", "use SERVICE_MANAGED")


def _check_provider(server: Server) -> None:
    """The first message is that of live AWS: https://github.com/aws/aws-cli/issues/8962"""
    kind = server.IdentityProviderType
    details = server.IdentityProviderDetails.wire() if server.IdentityProviderDetails else {}
    if kind == "SERVICE_MANAGED":
        if server.IdentityProviderDetails is not None:
            raise invalid("Must specify IdentityProviderType with IdentityProviderDetails")
        return
    needed = _NEEDED[kind]
    for name in needed:
        if not details.get(name):
            raise invalid(f"IdentityProviderDetails must have {name} when IdentityProviderType is {kind}")
    for name in details:
        if name not in (*needed, "SftpAuthenticationMethods"):
            raise invalid(f"IdentityProviderDetails must not have {name} when IdentityProviderType is {kind}")
    if "SftpAuthenticationMethods" in details and "SFTP" not in server.Protocols:
        raise invalid("SftpAuthenticationMethods can only be set when Protocols has SFTP")


def _check_endpoint(server: Server) -> None:
    details = server.EndpointDetails.wire() if server.EndpointDetails else {}
    kind = server.EndpointType
    if kind == "PUBLIC" and details:
        raise invalid("EndpointDetails must not be specified when EndpointType is PUBLIC")
    if kind == "VPC" and not details.get("VpcId"):
        raise invalid("EndpointDetails must have VpcId when EndpointType is VPC")
    if kind == "VPC" and "VpcEndpointId" in details:
        raise invalid("VpcEndpointId can only be set when EndpointType is VPC_ENDPOINT")
    if kind == "VPC_ENDPOINT" and set(details) != {"VpcEndpointId"}:
        raise invalid("EndpointDetails must have VpcEndpointId alone when EndpointType is VPC_ENDPOINT")


def _check_protocols(server: Server) -> None:
    if len(set(server.Protocols)) != len(server.Protocols):
        raise invalid("Protocols must not name a protocol twice")
    others = sorted(_FILE_TRANSFER_WITHOUT_SSH & set(server.Protocols))
    if others and server.EndpointType != "VPC":
        raise invalid(f"EndpointType must be VPC when Protocols has {others[0]}")
    if others and server.IdentityProviderType == "SERVICE_MANAGED":
        raise invalid(f"IdentityProviderType must not be SERVICE_MANAGED when Protocols has {others[0]}")
    if "FTPS" in server.Protocols and not server.Certificate:
        raise invalid("Certificate must be specified when Protocols has FTPS")
    allocation = server.EndpointDetails and server.EndpointDetails.AddressAllocationIds
    if "FTP" in server.Protocols and allocation:
        raise invalid("AddressAllocationIds must not be specified when Protocols has FTP")
    _check_passive_ip(server)


def _check_passive_ip(server: Server) -> None:
    address = server.ProtocolDetails and server.ProtocolDetails.PassiveIp
    if not address or address in _PASSIVE_WORDS:
        return
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        raise invalid("PassiveIp must be AUTO or an IPv4 address") from None


def _check_policy(server: Server) -> None:
    if server.SecurityPolicyName not in SECURITY_POLICIES:
        raise invalid(f"Unknown security policy: {server.SecurityPolicyName}")


async def check_log_groups(control: Control, arns: list[str]) -> None:
    """Hold `StructuredLogDestinations` that were given against their form and against the engine's groups.

    :raises ApiError: one is not a log group, or not there
    """
    for arn in arns:
        check_log_group_arn(arn)
        exists = control.log_group_exists
        if exists is not None and not await asyncio.to_thread(exists, arn):
            raise invalid(f"The log group of StructuredLogDestinations does not exist: {arn}")


def check_log_group_arn(arn: str) -> None:
    """:raises ApiError: it is not the ARN of a log group"""
    if not _LOG_GROUP_ARN.fullmatch(arn):
        raise invalid(f"StructuredLogDestinations must be the ARN of a log group and end with :*, not {arn}")


def _check_workflows(control: Control, server: Server) -> None:
    triggers = server.WorkflowDetails
    for trigger in (*triggers.OnUpload, *triggers.OnPartialUpload) if triggers else ():
        if control.store.workflow(trigger.WorkflowId) is None:
            raise unknown("Workflow", trigger.WorkflowId)


def _check_change(server: Server, old: Server) -> None:
    """AWS changes the endpoint of a stopped server only:
    https://docs.aws.amazon.com/transfer/latest/userguide/create-server-in-vpc.html
    """
    moved = (server.EndpointType, server.EndpointDetails) != (old.EndpointType, old.EndpointDetails)
    if moved and old.State != "OFFLINE":
        raise conflict(f"Server {server.ServerId} must be OFFLINE to change its endpoint")
