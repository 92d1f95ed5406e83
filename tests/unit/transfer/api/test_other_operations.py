"""Host keys, tags, workflows, security policies, and the test of an identity provider."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import asyncssh
import pytest

from harness.transfer.api import shapes
from harness.transfer.api.control import Quotas
from harness.transfer.api.operations import OPERATIONS
from harness.transfer.model import Execution, IdentityTest, IdentityTestResult
from harness.transfer.policies import SECURITY_POLICIES
from tests.unit.transfer.api.conftest import FUNCTION, NOW, ROLE, URL, Api, private_key

pytestmark = pytest.mark.unit

STEP = {"Type": "CUSTOM", "CustomStepDetails": {"Name": "scan", "Target": FUNCTION, "TimeoutSeconds": 60}}
EXECUTION = "01234567-89ab-cdef-0123-456789abcdef"


def test_every_operation_is_one_of_aws() -> None:
    assert set(OPERATIONS) <= set(shapes.service().operation_names)
    assert list(OPERATIONS) == sorted(OPERATIONS)


def test_host_keys_come_and_go(api: Api, changes: list[str]) -> None:
    server_id = api.server()
    body = private_key("ecdsa-sha2-nistp256")
    request: dict[str, Any] = {"Description": "new", "Tags": [{"Key": "a", "Value": "b"}]}
    key_id = api("ImportHostKey", ServerId=server_id, HostKeyBody=body, **request)["HostKeyId"]
    shown = api("DescribeHostKey", ServerId=server_id, HostKeyId=key_id)["HostKey"]
    fingerprint = shown.pop("HostKeyFingerprint")
    assert shown == {
        **request,
        "Arn": f"arn:aws:transfer:eu-west-1:123456789012:host-key/{server_id}/{key_id}",
        "DateImported": NOW,
        "HostKeyId": key_id,
        "Type": "ecdsa-sha2-nistp256",
    }
    listed = api("ListHostKeys", ServerId=server_id)["HostKeys"]
    assert len(listed) == 2
    assert fingerprint in {row["Fingerprint"] for row in listed}
    api("UpdateHostKey", ServerId=server_id, HostKeyId=key_id, Description="old")
    assert api("DescribeHostKey", ServerId=server_id, HostKeyId=key_id)["HostKey"]["Description"] == "old"
    again = api.refused("ImportHostKey", ServerId=server_id, HostKeyBody=body)
    assert again.code == "ResourceExistsException"
    api("DeleteHostKey", ServerId=server_id, HostKeyId=key_id)
    last = api("ListHostKeys", ServerId=server_id)["HostKeys"][0]["HostKeyId"]
    assert "only host key" in api.refused("DeleteHostKey", ServerId=server_id, HostKeyId=last).message
    error = api.refused("DescribeHostKey", ServerId=server_id, HostKeyId=key_id)
    assert (error.message, error.members["ResourceType"]) == ("Unknown host key", "HostKey")
    assert set(changes) == {server_id}


def test_a_private_key_never_leaves(api: Api) -> None:
    server_id = api.server(HostKey=private_key())
    (row,) = api("ListHostKeys", ServerId=server_id)["HostKeys"]
    texts = [
        api("DescribeServer", ServerId=server_id),
        api("DescribeHostKey", ServerId=server_id, HostKeyId=row["HostKeyId"]),
        row,
    ]
    assert "PRIVATE" not in repr(texts)


@pytest.mark.parametrize("how", ["short", "passphrase", "type"])
def test_weak_and_locked_host_keys_are_refused(api: Api, how: str) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    body = {
        "short": lambda: private_key("ssh-rsa", key_size=1024),
        "passphrase": lambda: key.export_private_key("openssh", passphrase="x", rounds=50).decode(),
        "type": lambda: private_key("ssh-ed448"),
    }[how]()
    error = api.refused("ImportHostKey", ServerId=api.server(), HostKeyBody=body)
    assert error.message == "Unsupported or invalid SSH private key format"


def test_ten_host_keys_are_enough(api: Api) -> None:
    server_id = api.server()
    for _ in range(9):
        api("ImportHostKey", ServerId=server_id, HostKeyBody=private_key())
    assert "(10)" in api.refused("ImportHostKey", ServerId=server_id, HostKeyBody=private_key()).message


def test_tags_of_everything_that_has_an_arn(api: Api) -> None:
    server_id = api.server(Tags=[{"Key": "first", "Value": "1"}])
    api.user(server_id)
    workflow_id = api("CreateWorkflow", Steps=[STEP])["WorkflowId"]
    (key,) = api("ListHostKeys", ServerId=server_id)["HostKeys"]
    arns = [
        api("DescribeServer", ServerId=server_id)["Server"]["Arn"],
        api("DescribeUser", ServerId=server_id, UserName="alice")["User"]["Arn"],
        api("DescribeWorkflow", WorkflowId=workflow_id)["Workflow"]["Arn"],
        key["Arn"],
    ]
    for arn in arns:
        api("TagResource", Arn=arn, Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": ""}])
        api("TagResource", Arn=arn, Tags=[{"Key": "b", "Value": "3"}])
        api("UntagResource", Arn=arn, TagKeys=["first", "never set"])
        listed = api("ListTagsForResource", Arn=arn)
        assert listed == {
            "Arn": arn,
            "Tags": [{"Key": "a", "Value": ""}, {"Key": "b", "Value": "3"}],
        }


def test_tags_of_nothing_and_too_many(api: Api) -> None:
    api.control = replace(api.control, quotas=Quotas(tags_per_resource=2))
    arn = api("DescribeServer", ServerId=api.server())["Server"]["Arn"]
    tag = {"Key": "a", "Value": "b"}
    for wrong in (arn + "0", arn.replace("server", "profile"), arn.replace("eu-west-1", "us-east-1")):
        assert api.refused("TagResource", Arn=wrong, Tags=[tag]).code == "ResourceNotFoundException"
        assert api.refused("UntagResource", Arn=wrong, TagKeys=["a"]).code == "ResourceNotFoundException"
        assert api.refused("ListTagsForResource", Arn=wrong).code == "InvalidRequestException"
    assert "Duplicate" in api.refused("TagResource", Arn=arn, Tags=[tag, tag]).message
    reserved = {"Key": "AWS:x", "Value": ""}
    assert "reserved" in api.refused("TagResource", Arn=arn, Tags=[reserved]).message
    api("TagResource", Arn=arn, Tags=[tag, {"Key": "b", "Value": ""}])
    assert "(2)" in api.refused("TagResource", Arn=arn, Tags=[{"Key": "c", "Value": ""}]).message
    api("TagResource", Arn=arn, Tags=[{"Key": "b", "Value": "new"}])


def test_a_workflow_and_its_executions(api: Api) -> None:
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:/mine:*"
    request = {
        "Description": "scan files",
        "Steps": [STEP],
        "OnExceptionSteps": [STEP],
        "StructuredLogDestinations": [group],
    }
    workflow_id = api("CreateWorkflow", **request)["WorkflowId"]
    shown = api("DescribeWorkflow", WorkflowId=workflow_id)["Workflow"]
    arn = f"arn:aws:transfer:eu-west-1:123456789012:workflow/{workflow_id}"
    assert shown == {**request, "WorkflowId": workflow_id, "Arn": arn, "Tags": []}
    assert api("ListWorkflows")["Workflows"] == [
        {"WorkflowId": workflow_id, "Arn": arn, "Description": "scan files"}
    ]
    document = {
        "InitialFileLocation": {"S3FileLocation": {"Bucket": "b", "Key": "k"}},
        "Results": {"Steps": []},
    }
    running = Execution(ExecutionId=EXECUTION, WorkflowId=workflow_id, Document=document)
    api.control.store.put_execution(running)
    which = {"WorkflowId": workflow_id, "ExecutionId": EXECUTION}
    described = api("DescribeExecution", **which)["Execution"]
    assert described == {"ExecutionId": EXECUTION, "Status": "IN_PROGRESS", **document}
    (row,) = api("ListExecutions", WorkflowId=workflow_id)["Executions"]
    assert set(row) == {"ExecutionId", "Status", "InitialFileLocation"}
    assert api("SendWorkflowStepState", **which, Token="abc", Status="FAILURE") == {}
    api("SendWorkflowStepState", **which, Token="abc", Status="SUCCESS")
    state = api.control.store.step_state("abc")
    assert state is not None
    assert state.Status == "FAILURE", "the first answer counts"
    api.control.store.put_execution(running.model_copy(update={"Status": "COMPLETED"}))
    assert api("ListExecutions", WorkflowId=workflow_id)["Executions"] == []
    late = api.refused("SendWorkflowStepState", **which, Token="late", Status="SUCCESS")
    assert "not in progress" in late.message
    api("DeleteWorkflow", WorkflowId=workflow_id)
    assert api.refused("DescribeExecution", **which).members["ResourceType"] == "Workflow"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({}, "must have a Type"),
        ({"Type": "CUSTOM"}, "must have CustomStepDetails"),
        ({"Type": "CUSTOM", "CustomStepDetails": {}}, "must have a Target"),
        ({"Type": "COPY"}, "must have CopyStepDetails"),
        (
            {
                "Type": "DECRYPT",
                "DecryptStepDetails": {"Type": "PGP", "DestinationFileLocation": {"S3FileLocation": {}}},
            },
            "not available in this stand-in",
        ),
    ],
)
def test_steps_that_cannot_be_done_are_refused(api: Api, step: dict[str, Any], words: str) -> None:
    assert words in api.refused("CreateWorkflow", Steps=[step]).message


def test_the_log_group_of_a_workflow_must_be_there(api: Api) -> None:
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:/mine:*"
    api.control = replace(api.control, log_group_exists=lambda _arn: False)
    told = api.refused("CreateWorkflow", Steps=[STEP], StructuredLogDestinations=[group])
    assert told.code == "InvalidRequestException"
    assert "does not exist" in told.message


def test_ten_workflows_are_enough(api: Api) -> None:
    for _ in range(10):
        api("CreateWorkflow", Steps=[STEP])
    assert "(10)" in api.refused("CreateWorkflow", Steps=[STEP]).message


def test_security_policies_are_described_to_the_letter(api: Api) -> None:
    names = api("ListSecurityPolicies")["SecurityPolicyNames"]
    assert names == sorted(SECURITY_POLICIES)
    for name in names:
        shown = api("DescribeSecurityPolicy", SecurityPolicyName=name)["SecurityPolicy"]
        assert shown["SecurityPolicyName"] == name
        assert shown["Fips"] is ("FIPS" in name)
        assert shown["Type"] == "SERVER"
        assert all(shown[kind] for kind in ("SshCiphers", "SshKexs", "SshMacs", "TlsCiphers"))
    newest = api("DescribeSecurityPolicy", SecurityPolicyName="TransferSecurityPolicy-2025-03")
    assert newest["SecurityPolicy"]["SshKexs"][:4] == [
        "mlkem768x25519-sha256",
        "mlkem768nistp256-sha256",
        "mlkem1024nistp384-sha384",
        "ecdh-sha2-nistp256",
    ]
    error = api.refused("DescribeSecurityPolicy", SecurityPolicyName="TransferSecurityPolicy-1999-01")
    assert error.message == "Unknown security policy"


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("TransferSecurityPolicy-FIPS-2025-03", "curve25519"),
        ("TransferSecurityPolicy-FIPS-2024-01", "curve25519"),
        ("TransferSecurityPolicy-SshAuditCompliant-2025-02", "ecdh"),
        ("TransferSecurityPolicy-Restricted-2018-11", "chacha20"),
        ("TransferSecurityPolicy-2022-03", "ctr128"),
        ("TransferSecurityPolicy-2024-01", "sha1"),
    ],
)
def test_what_a_policy_leaves_out(name: str, without: str) -> None:
    policy = SECURITY_POLICIES[name]
    everything = (*policy.ssh_ciphers, *policy.ssh_kexs, *policy.ssh_macs)
    assert not [each for each in everything if without in each]


def test_only_the_old_policies_let_rsa_sign_with_sha1() -> None:
    """The list of the user guide; chacha20 has gone from every policy since 2022-03."""
    assert {
        name for name, policy in SECURITY_POLICIES.items() if "ssh-rsa" in policy.ssh_host_key_algorithms
    } == {
        "TransferSecurityPolicy-2018-11",
        "TransferSecurityPolicy-Restricted-2018-11",
        "TransferSecurityPolicy-2020-06",
        "TransferSecurityPolicy-Restricted-2020-06",
        "TransferSecurityPolicy-FIPS-2020-06",
        "TransferSecurityPolicy-FIPS-2023-05",
        "TransferSecurityPolicy-FIPS-2024-01",
    }
    assert {
        name for name, policy in SECURITY_POLICIES.items() if policy.ssh_ciphers[0].startswith("chacha")
    } == {
        "TransferSecurityPolicy-2018-11",
        "TransferSecurityPolicy-2020-06",
    }


def test_the_identity_provider_is_asked_as_by_a_login(api: Api) -> None:
    asked: list[IdentityTest] = []

    async def provider(test: IdentityTest) -> IdentityTestResult:
        asked.append(test)
        return IdentityTestResult(response='{"Role": "r"}', url=URL)

    details = {"Url": URL, "InvocationRole": ROLE}
    server_id = api.server(IdentityProviderType="API_GATEWAY", IdentityProviderDetails=details)
    request = {"ServerId": server_id, "UserName": "alice", "UserPassword": "secret", "SourceIp": "10.0.0.1"}
    assert "not available" in api.refused("TestIdentityProvider", **request).message
    api.control = replace(api.control, test_identity=provider)
    assert api("TestIdentityProvider", **request) == {
        "Response": '{"Role": "r"}',
        "StatusCode": 200,
        "Message": "",
        "Url": URL,
    }
    (test,) = asked
    assert (test.server.ServerId, test.user_name, test.password) == (server_id, "alice", "secret")
    assert (test.protocol, test.source_ip) == ("SFTP", "10.0.0.1")
    error = api.refused("TestIdentityProvider", **request, ServerProtocol="FTP")
    assert "not enabled" in error.message


def test_a_refused_login_is_an_answer(api: Api) -> None:
    async def nobody(_: IdentityTest) -> IdentityTestResult:
        return IdentityTestResult()

    server_id = api.server(IdentityProviderType="AWS_LAMBDA", IdentityProviderDetails={"Function": FUNCTION})
    api.control = replace(api.control, test_identity=nobody)
    answer = api("TestIdentityProvider", ServerId=server_id, UserName="alice")
    assert answer == {"Response": "{}", "StatusCode": 200, "Message": "", "Url": ""}


def test_service_managed_users_are_not_tested(api: Api) -> None:
    """In AWS's words: https://docs.aws.amazon.com/transfer/latest/APIReference/API_TestIdentityProvider.html"""
    server_id = api.server()
    error = api.refused("TestIdentityProvider", ServerId=server_id, UserName="alice")
    assert error.message == f"{server_id} not configured for external auth"
