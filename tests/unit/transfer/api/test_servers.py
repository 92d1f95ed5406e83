"""Servers: defaults, rules between members, states, and what is shown."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from harness.transfer.api.control import Quotas
from harness.transfer.api.operations import perform
from tests.unit.transfer.api.conftest import FUNCTION, ROLE, URL, Api, private_key, public_key

pytestmark = pytest.mark.unit

LAMBDA = {"IdentityProviderType": "AWS_LAMBDA", "IdentityProviderDetails": {"Function": FUNCTION}}
VPC = {"EndpointType": "VPC", "EndpointDetails": {"VpcId": "vpc-1", "SubnetIds": ["subnet-1"]}}
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/sftp:*"


def test_a_server_without_anything_has_the_defaults_of_aws(api: Api) -> None:
    server_id = api.server()
    shown = api("DescribeServer", ServerId=server_id)["Server"]
    fingerprint = shown.pop("HostKeyFingerprint")
    assert fingerprint.startswith("SHA256:")
    assert "=" not in fingerprint
    assert shown == {
        "Arn": f"arn:aws:transfer:eu-west-1:123456789012:server/{server_id}",
        "Domain": "S3",
        "EndpointType": "PUBLIC",
        "IdentityProviderType": "SERVICE_MANAGED",
        "IpAddressType": "IPV4",
        "ProtocolDetails": {
            "PassiveIp": "AUTO",
            "SetStatOption": "DEFAULT",
            "TlsSessionResumptionMode": "ENFORCED",
        },
        "Protocols": ["SFTP"],
        "S3StorageOptions": {"DirectoryListingOptimization": "DISABLED"},
        "SecurityPolicyName": "TransferSecurityPolicy-2024-01",
        "ServerId": server_id,
        "State": "ONLINE",
        "StructuredLogDestinations": [],
        "Tags": [],
        "UserCount": 0,
    }


def test_everything_that_is_given_is_shown(api: Api) -> None:
    given: dict[str, Any] = {
        **LAMBDA,
        "EndpointType": "VPC",
        "EndpointDetails": {"VpcId": "vpc-1", "SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-12345678"]},
        "Certificate": CERTIFICATE,
        "Protocols": ["SFTP", "FTPS"],
        "ProtocolDetails": {"PassiveIp": "10.0.0.1", "SetStatOption": "ENABLE_NO_OP"},
        "SecurityPolicyName": "TransferSecurityPolicy-2025-03",
        "PreAuthenticationLoginBanner": "hello\n",
        "PostAuthenticationLoginBanner": "welcome",
        "LoggingRole": ROLE,
        "StructuredLogDestinations": [GROUP],
        "S3StorageOptions": {"DirectoryListingOptimization": "ENABLED"},
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    shown = api("DescribeServer", ServerId=api.server(**given))["Server"]
    assert shown.pop("EndpointDetails") == {"VpcId": "vpc-1", "SubnetIds": ["subnet-1"]}, "no security groups"
    assert shown.pop("ProtocolDetails").items() >= given.pop("ProtocolDetails").items()
    del given["EndpointDetails"]
    assert shown.items() >= given.items()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"IdentityProviderDetails": {"Function": FUNCTION}},
            "Must specify IdentityProviderType with IdentityProviderDetails",
        ),
        (
            {
                "IdentityProviderType": "SERVICE_MANAGED",
                "IdentityProviderDetails": {"SftpAuthenticationMethods": "PUBLIC_KEY"},
            },
            "Must specify IdentityProviderType with IdentityProviderDetails",
        ),
        ({"IdentityProviderType": "AWS_LAMBDA"}, "must have Function"),
        ({"IdentityProviderType": "API_GATEWAY", "IdentityProviderDetails": {"Url": URL}}, "InvocationRole"),
        (
            {
                "IdentityProviderType": "AWS_LAMBDA",
                "IdentityProviderDetails": {"Function": FUNCTION, "InvocationRole": ROLE},
            },
            "must not have InvocationRole",
        ),
        ({"IdentityProviderType": "AWS_DIRECTORY_SERVICE"}, "not available in this stand-in"),
        ({"Domain": "EFS"}, "not available in this stand-in"),
        ({"Protocols": ["AS2"]}, "not available in this stand-in"),
        ({"HostKeyStorageType": "SECRETS_MANAGER"}, "not available in this stand-in"),
        ({**LAMBDA, "Protocols": ["FTP"]}, "EndpointType must be VPC when Protocols has FTP"),
        ({**VPC, "Protocols": ["SFTP", "FTP"]}, "must not be SERVICE_MANAGED when Protocols has FTP"),
        ({**VPC, "Protocols": ["FTPS"]}, "must not be SERVICE_MANAGED when Protocols has FTPS"),
        ({**VPC, **LAMBDA, "Protocols": ["FTPS"]}, "Certificate must be specified"),
        ({"Protocols": ["SFTP", "SFTP"]}, "twice"),
        ({**VPC, **LAMBDA, "Protocols": ["FTP"], "ProtocolDetails": {"PassiveIp": "1.2.3"}}, "PassiveIp"),
        ({"EndpointDetails": {"VpcId": "vpc-1"}}, "must not be specified when EndpointType is PUBLIC"),
        ({"EndpointType": "VPC"}, "must have VpcId"),
        ({"EndpointType": "VPC_ENDPOINT", "EndpointDetails": {"VpcId": "vpc-1"}}, "VpcEndpointId alone"),
        (
            {"EndpointType": "VPC", "EndpointDetails": {"VpcId": "v", "VpcEndpointId": f"vpce-{'0' * 17}"}},
            "VpcEndpointId can only be set",
        ),
        ({"SecurityPolicyName": "TransferSecurityPolicy-1999-01"}, "Unknown security policy"),
        ({"StructuredLogDestinations": ["arn:aws:logs:eu-west-1:1:log-group:x"]}, "end with :*"),
        ({"StructuredLogDestinations": ["arn:aws:s3:::not-a-log-group-at-all"]}, "ARN of a log group"),
        ({"HostKey": "no key"}, "Unsupported or invalid SSH private key format"),
        ({"HostKey": public_key()}, "Unsupported or invalid SSH private key format"),
    ],
)
def test_what_does_not_go_together_is_refused(api: Api, given: dict[str, Any], words: str) -> None:
    error = api.refused("CreateServer", **given)
    assert error.code == "InvalidRequestException"
    assert words in error.message
    assert api("ListServers")["Servers"] == []


def test_a_log_group_must_exist(api: Api) -> None:
    api.control = replace(api.control, log_group_exists=lambda arn: arn == GROUP)
    api.server(StructuredLogDestinations=[GROUP])
    other = GROUP.replace("/aws/sftp", "/aws/other")
    assert "does not exist" in api.refused("CreateServer", StructuredLogDestinations=[other]).message


def test_a_workflow_must_exist(api: Api) -> None:
    step = {"Type": "CUSTOM", "CustomStepDetails": {"Target": FUNCTION}}
    workflow_id = api("CreateWorkflow", Steps=[step])["WorkflowId"]
    triggers = {"OnUpload": [{"WorkflowId": workflow_id, "ExecutionRole": ROLE}]}
    server_id = api.server(WorkflowDetails=triggers)
    shown = api("DescribeServer", ServerId=server_id)["Server"]["WorkflowDetails"]
    assert shown == {**triggers, "OnPartialUpload": []}
    unknown = {"OnPartialUpload": [{"WorkflowId": f"w-{'0' * 17}", "ExecutionRole": ROLE}]}
    error = api.refused("CreateServer", WorkflowDetails=unknown)
    assert (error.code, error.members["ResourceType"]) == ("ResourceNotFoundException", "Workflow")


def test_a_host_key_of_the_customer_is_used(api: Api) -> None:
    body = private_key()
    first, second = (api.server(HostKey=body) for _ in range(2))
    shown = [api("DescribeServer", ServerId=each)["Server"]["HostKeyFingerprint"] for each in (first, second)]
    assert shown[0] == shown[1]
    assert api.control.store.host_keys(first)[0].HostKeyBody == body
    api("UpdateServer", ServerId=first, HostKey=private_key())
    assert api("DescribeServer", ServerId=first)["Server"]["HostKeyFingerprint"] != shown[0]
    assert len(api("ListHostKeys", ServerId=first)["HostKeys"]) == 1


def test_an_update_changes_what_it_names(api: Api) -> None:
    server_id = api.server(
        **LAMBDA, PreAuthenticationLoginBanner="one", LoggingRole=ROLE, StructuredLogDestinations=[GROUP]
    )
    api("UpdateServer", ServerId=server_id, ProtocolDetails={"SetStatOption": "ENABLE_NO_OP"})
    api("UpdateServer", ServerId=server_id, PreAuthenticationLoginBanner="two", LoggingRole="")
    shown = api("DescribeServer", ServerId=server_id)["Server"]
    assert shown["PreAuthenticationLoginBanner"] == "two"
    assert "LoggingRole" not in shown
    assert shown["ProtocolDetails"]["SetStatOption"] == "ENABLE_NO_OP"
    assert shown["ProtocolDetails"]["PassiveIp"] == "AUTO"
    assert shown["StructuredLogDestinations"] == [GROUP]
    assert shown["IdentityProviderDetails"] == {"Function": FUNCTION}
    api("UpdateServer", ServerId=server_id, StructuredLogDestinations=[])
    assert api("DescribeServer", ServerId=server_id)["Server"]["StructuredLogDestinations"] == []


def test_an_update_may_change_who_knows_the_users(api: Api) -> None:
    server_id = api.server(**LAMBDA)
    api("UpdateServer", ServerId=server_id, IdentityProviderType="SERVICE_MANAGED")
    assert "IdentityProviderDetails" not in api("DescribeServer", ServerId=server_id)["Server"]
    api.user(server_id)
    error = api.refused("UpdateServer", ServerId=server_id, IdentityProviderType="AWS_LAMBDA")
    assert "must have Function" in error.message


def test_the_endpoint_of_a_running_server_stays(api: Api) -> None:
    server_id = api.server()
    error = api.refused("UpdateServer", ServerId=server_id, **VPC)
    assert error.code == "ConflictException"
    api("StopServer", ServerId=server_id)
    api("UpdateServer", ServerId=server_id, **VPC)
    assert api("DescribeServer", ServerId=server_id)["Server"]["EndpointType"] == "VPC"


def test_states_follow_start_and_stop(api: Api, changes: list[str]) -> None:
    server_id = api.server()
    for operation, state in (
        ("StartServer", "ONLINE"),
        ("StopServer", "OFFLINE"),
        ("StopServer", "OFFLINE"),
        ("StartServer", "ONLINE"),
    ):
        assert api(operation, ServerId=server_id) == {}
        assert api("DescribeServer", ServerId=server_id)["Server"]["State"] == state
    assert set(changes) == {server_id}


def test_who_is_told_of_a_change_may_end_the_transition(api: Api, changes: list[str]) -> None:
    api.control = replace(api.control, settle_after_s=None)
    server_id = api.server()
    assert api("DescribeServer", ServerId=server_id)["Server"]["State"] == "STARTING"
    api("StopServer", ServerId=server_id)
    assert api("DescribeServer", ServerId=server_id)["Server"]["State"] == "STOPPING"
    assert changes == [server_id, server_id]


def test_a_transition_can_take_its_time(api: Api) -> None:
    api.control = replace(api.control, settle_after_s=0.01)

    async def seen() -> list[str]:
        created = await perform(api.control, "CreateServer", {})
        states: list[str] = []
        while not states or states[-1] != "ONLINE":
            described = await perform(api.control, "DescribeServer", created)
            states.append(described["Server"]["State"])
            await asyncio.sleep(0)
        return states

    assert asyncio.run(asyncio.wait_for(seen(), 30))[0] == "STARTING"


def test_a_server_is_deleted_in_any_state_but_not_with_users(api: Api) -> None:
    server_id = api.server()
    api.user(server_id)
    assert "has users" in api.refused("DeleteServer", ServerId=server_id).message
    api("DeleteUser", ServerId=server_id, UserName="alice")
    assert api("DeleteServer", ServerId=server_id) == {}
    assert api("ListServers")["Servers"] == []


@pytest.mark.parametrize(
    "operation", ["DescribeServer", "UpdateServer", "DeleteServer", "StartServer", "StopServer"]
)
def test_an_unknown_server_is_told_with_its_name(api: Api, operation: str) -> None:
    server_id = f"s-{'0' * 17}"
    assert api.refused(operation, ServerId=server_id).body() == {
        "__type": "ResourceNotFoundException",
        "Message": "Unknown server",
        "Resource": server_id,
        "ResourceType": "Server",
    }


def test_there_are_only_so_many_servers(api: Api) -> None:
    api.control = replace(api.control, quotas=Quotas(servers=2))
    api.server()
    api.server()
    assert "maximum number of servers (2)" in api.refused("CreateServer").message


def test_servers_are_listed_in_pages(api: Api) -> None:
    made = {api.server(Tags=[{"Key": "a", "Value": "b"}]) for _ in range(5)}
    listed: list[str] = []
    request: dict[str, Any] = {"MaxResults": 2}
    while True:
        answer = api("ListServers", **request)
        assert len(answer["Servers"]) <= 2
        listed += [row["ServerId"] for row in answer["Servers"]]
        if "NextToken" not in answer:
            break
        request["NextToken"] = answer["NextToken"]
    assert len(listed) == 5
    assert set(listed) == made
    row = api("ListServers")["Servers"][0]
    assert set(row) == {
        "Arn",
        "Domain",
        "EndpointType",
        "IdentityProviderType",
        "ServerId",
        "State",
        "UserCount",
    }


@pytest.mark.parametrize("token", ["x", "====", "W10=", "bnVsbA==", "Ww==" * 50, "WyJ1c2VycyIsICJ4Il0="])
def test_a_token_of_somebody_else_is_refused(api: Api, token: str) -> None:
    api.server()
    assert api.refused("ListServers", NextToken=token).code == "InvalidNextTokenException"


def test_operations_that_are_not_there(api: Api) -> None:
    assert api.refused("CreateConnector").code == "UnknownOperationException"
    assert "does not have CreateConnector" in api.refused("CreateConnector").message
    assert api.refused("MakeTea").body() == {"__type": "UnknownOperationException", "message": ""}
