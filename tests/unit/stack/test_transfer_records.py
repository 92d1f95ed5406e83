"""What the control plane of a new stack holds."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from harness.deploy import StandIn, transfer
from harness.engines.base import EngineInfo
from harness.exceptions import DeployError
from harness.stack import customer_role
from harness.stack.customers import Customer
from harness.stack.description import SftpUser
from harness.stack.transfer_records import TransferRecords
from harness.transfer.store import TransferStore

pytestmark = pytest.mark.unit

ENGINE = EngineInfo("localstack", "process", "4.9.2", "http://127.0.0.1:1")
LINE = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
LOGS = "arn:aws:logs:us-east-1:000000000000:log-group:sftp:*"
SERVER: dict[str, Any] = {
    "Domain": "S3",
    "Protocols": ["SFTP"],
    "EndpointType": "PUBLIC",
    "IdentityProviderType": "SERVICE_MANAGED",
    "LoggingRole": "arn:aws:iam::000000000000:role/logs",
    "SecurityPolicyName": "TransferSecurityPolicy-2025-03",
    "StructuredLogDestinations": [LOGS],
    "S3StorageOptions": {"DirectoryListingOptimization": "ENABLED"},
    "PreAuthenticationLoginBanner": "hello",
    "Tags": [{"Key": "team", "Value": "files"}],
}
ID = transfer.server_id("floodgate-demo", "SftpServer")
USER: dict[str, Any] = {
    "ServerId": ID,
    "UserName": "first",
    "Role": "arn:aws:iam::000000000000:role/first",
    "HomeDirectoryType": "LOGICAL",
    "HomeDirectoryMappings": [{"Entry": "/", "Target": "/incoming/${transfer:UserName}"}],
    "Policy": "{}",
    "SshPublicKeys": [LINE],
}


def server(**changes: Any) -> StandIn:
    return StandIn("SftpServer", transfer.SERVER, {**SERVER, **changes})


def records(*stand_ins: StandIn) -> TransferRecords:
    return TransferRecords(ENGINE, "floodgate-demo", stand_ins, "sftp")


def written(made: TransferRecords, tmp_path: Path) -> TransferStore:
    """Write the records with one customer, and open them."""
    customer = Customer(SftpUser("customer-0001", "key"), LINE)
    policy = customer_role.session_policy("incoming")
    user = made.customer(customer, bucket="incoming", role_arn="arn:aws:iam::0:role/x", policy=policy)
    made.write(tmp_path / "transfer.sqlite", [user])
    return TransferStore(tmp_path / "transfer.sqlite")


def test_the_templates_server_gets_all_its_properties(tmp_path: Path) -> None:
    with written(records(server()), tmp_path) as store:
        (found,) = store.servers()
        assert found.ServerId == ID
        assert found.State == "STARTING"
        assert found.SecurityPolicyName == "TransferSecurityPolicy-2025-03"
        assert found.PreAuthenticationLoginBanner == "hello"
        assert found.StructuredLogDestinations == (LOGS,)
        assert store.tags(found.Arn) == {"team": "files"}
        (key,) = store.host_keys(ID)
        assert asyncssh.import_private_key(key.HostKeyBody).get_fingerprint() == key.HostKeyFingerprint


def test_without_a_security_policy_a_server_gets_that_of_cloudformation(tmp_path: Path) -> None:
    bare = StandIn("SftpServer", transfer.SERVER, {})
    with written(records(bare), tmp_path) as store:
        (found,) = store.servers()
        assert found.SecurityPolicyName == "TransferSecurityPolicy-2018-11"
        assert found.S3StorageOptions is not None
        assert found.S3StorageOptions.DirectoryListingOptimization == "DISABLED"


def test_the_templates_user_and_the_customers_are_users_of_its_server(tmp_path: Path) -> None:
    made = records(server(), StandIn("SftpUser", transfer.USER, USER))
    assert made.main_server == ID
    with written(made, tmp_path) as store:
        first, customer = store.user(ID, "first"), store.user(ID, "customer-0001")
        assert first is not None
        assert customer is not None
        assert first.Arn.endswith(f":user/{ID}/first")
        assert [key.SshPublicKeyBody for key in first.SshPublicKeys] == [LINE]
        assert customer.HomeDirectoryMappings[0].Target == "/incoming/customer-0001"
        assert "${transfer:UserName}" in (customer.Policy or "")


def test_a_template_without_a_server_gets_one_for_the_customers(tmp_path: Path) -> None:
    with written(records(), tmp_path) as store:
        (found,) = store.servers()
        assert found.StructuredLogDestinations == (LOGS,)
        assert store.user(found.ServerId, "customer-0001") is not None


def test_customers_get_a_server_of_their_own_beside_one_with_an_identity_provider(tmp_path: Path) -> None:
    custom = server(
        IdentityProviderType="AWS_LAMBDA",
        IdentityProviderDetails={"Function": "arn:aws:lambda:us-east-1:000000000000:function:who"},
    )
    made = records(custom)
    with written(made, tmp_path) as store:
        assert {found.ServerId for found in store.servers()} == {ID, made.main_server}
        assert made.main_server != ID
        assert store.user_count(made.main_server) == 1
        assert store.user_count(ID) == 0


def user(**changes: Any) -> StandIn:
    return StandIn("SftpUser", transfer.USER, {**USER, **changes})


def mappings(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"Entry": entry, "Target": target} for entry, target in pairs]


WEAK = asyncssh.generate_private_key("ssh-rsa", key_size=1024).export_public_key().decode()
FUNCTION = {"Function": "arn:aws:lambda:us-east-1:000000000000:function:who"}


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        (server(Protocols=["GOPHER"]), "Protocols.0"),
        (server(Colour="blue"), "Colour"),
        (server(SecurityPolicyName="TransferSecurityPolicy-1999-01"), "Unknown security policy"),
        (server(LoggingRole="nobody"), "loggingRole"),
        (server(Domain="EFS"), "use S3"),
        (server(EndpointType="VPC"), "must have VpcId"),
        (server(Protocols=["FTPS"]), "EndpointType must be VPC"),
        (server(StructuredLogDestinations=["arn:aws:s3:::logs-of-all-servers"]), "ARN of a log group"),
        (server(IdentityProviderType="AWS_LAMBDA"), "must have Function"),
        (server(IdentityProviderDetails=FUNCTION), "Must specify IdentityProviderType"),
        (server(Tags=[{"Key": "aws:x", "Value": ""}]), "Tag keys"),
        (server(Tags=[{"Key": "team"}]), "tags.1.member.value"),
        (
            server(
                WorkflowDetails={"OnUpload": [{"WorkflowId": f"w-{'0' * 17}", "ExecutionRole": USER["Role"]}]}
            ),
            "Unknown workflow",
        ),
        (user(Role=None), "Role"),
        (user(Role="mary"), "role"),
        (user(UserName="me"), "userName"),
        (user(UserName="root"), "UserName must not be root"),
        (user(ServerId=transfer.server_id("floodgate-demo", "Other")), "Unknown server"),
        (user(UserName="customer-0001"), "name of a customer"),
        (user(HomeDirectoryMappings=[]), "HomeDirectoryMappings must be set"),
        (user(HomeDirectoryMappings=mappings(("/a", "bucket"))), "target"),
        (user(HomeDirectoryMappings=mappings(("/a", "/x"), ("/a/b", "/y"))), "must not overlap"),
        (user(HomeDirectoryType="PATH"), "can only be set when"),
        (user(Policy="Allow"), "Policy must be a JSON document"),
        (user(SshPublicKeys=["nonsense"]), "sshPublicKeyBody"),
        (user(SshPublicKeys=[WEAK]), "SSH public key format"),
        (user(SshPublicKeys=[LINE, LINE]), "already exists"),
        (StandIn("Flow", transfer.WORKFLOW, {"Steps": [{"Type": "DECRYPT"}]}), "DECRYPT"),
        (StandIn("Flow", transfer.WORKFLOW, {}), "steps"),
    ],
)
def test_what_is_wrong_in_the_template_is_told(resource: StandIn, told: str, tmp_path: Path) -> None:
    others = () if resource.type == transfer.SERVER else (server(),)
    with pytest.raises(DeployError, match=told) as refusal:
        written(records(*others, resource), tmp_path)
    assert resource.logical_id in refusal.value.message or refusal.value.hint


def test_a_user_beside_an_identity_provider_is_refused(tmp_path: Path) -> None:
    custom = server(IdentityProviderType="AWS_LAMBDA", IdentityProviderDetails=FUNCTION)
    with pytest.raises(DeployError, match="Cannot create users"):
        written(records(custom, user()), tmp_path)


def test_a_workflow_of_the_template_is_there_under_the_id_that_its_server_names(tmp_path: Path) -> None:
    """Numbers come as text from CloudFormation."""
    workflow_id = transfer.workflow_id("floodgate-demo", "Flow")
    step = {
        "Type": "CUSTOM",
        "CustomStepDetails": {"Target": FUNCTION["Function"], "TimeoutSeconds": "30"},
    }
    flow = StandIn("Flow", transfer.WORKFLOW, {"Steps": [step], "Tags": SERVER["Tags"]})
    trigger = {"WorkflowId": workflow_id, "ExecutionRole": USER["Role"]}
    made = records(server(WorkflowDetails={"OnPartialUpload": [trigger]}), flow)
    with written(made, tmp_path) as store:
        found = store.workflow(workflow_id)
        assert found is not None
        assert found.Steps[0]["CustomStepDetails"]["TimeoutSeconds"] == 30
        assert store.tags(found.Arn) == {"team": "files"}


def test_nobody_else_may_read_the_store(tmp_path: Path) -> None:
    written(records(server()), tmp_path).close()
    assert stat.S_IMODE((tmp_path / "transfer.sqlite").stat().st_mode) == 0o600
    with closing(sqlite3.connect(tmp_path / "transfer.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (1,)


def test_the_session_policy_leaves_a_customer_the_own_folder() -> None:
    list_folder, use_folder = json.loads(customer_role.session_policy("incoming"))["Statement"]
    assert list_folder["Resource"] == "arn:aws:s3:::incoming"
    assert use_folder["Resource"] == "arn:aws:s3:::incoming/${transfer:UserName}/*"
