"""Transfer Family by its API, in the shapes of its documentation:
https://docs.aws.amazon.com/transfer/latest/APIReference/API_CreateUser.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness import aws
from harness.deploy import Deployment
from harness.deploy.account import transfer_servers
from harness.deploy.record import DeploymentRecord
from harness.engines.base import EngineInfo
from harness.exceptions import DeployError, EngineStartError
from harness.stack import customer_role
from harness.stack.customers import Customer
from harness.stack.description import SftpUser
from harness.stack.in_account import transfer_endpoint
from harness.stack.in_account.transfer_endpoint import TransferServer
from harness.stack.state import StackState
from tests.unit.account.stubs import Answer, answering

pytestmark = pytest.mark.unit

ID = "s-1234567890abcdef0"
ARN = f"arn:aws:transfer:us-east-1:123456789012:server/{ID}"
AWS = "https://cloudformation.us-east-1.amazonaws.com"
ENGINE = EngineInfo("aws", "aws", "of today", AWS, "us-east-1", "123456789012", "", "")
ROLE = "arn:aws:iam::123456789012:role/floodgate-x-sftp"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample"
TOKEN = {"Key": "floodgate:deployment", "Value": "0123"}


def described(state: str) -> Answer:
    server = {"Arn": ARN, "ServerId": ID, "State": state, "HostKeyFingerprint": "SHA256:Zm9v="}
    return "describe_server", {"ServerId": ID}, {"Server": server}


HOST_KEYS: Answer = (
    "list_host_keys",
    {"ServerId": ID},
    {"ServerId": ID, "HostKeys": [{"Arn": ARN, "Fingerprint": "SHA256:YmFy=", "Type": "ssh-ed25519"}]},
)
CREATE_USER: Answer = (
    "create_user",
    {
        "ServerId": ID,
        "UserName": "customer-0001",
        "Role": ROLE,
        "HomeDirectoryType": "LOGICAL",
        "HomeDirectoryMappings": [{"Entry": "/", "Target": "/bucket/customer-0001"}],
        "Policy": customer_role.session_policy("bucket"),
        "SshPublicKeyBody": KEY,
        "Tags": [{"Key": "floodgate:stack", "Value": "x"}, TOKEN],
    },
    {"ServerId": ID, "UserName": "customer-0001"},
)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackState:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    made = StackState("x")
    made.deploy_dir.mkdir(parents=True)
    DeploymentRecord("floodgate-x", token="0123").write(made.deploy_dir)
    return made


def start(
    state: StackState, monkeypatch: pytest.MonkeyPatch, answers: list[Answer], outputs: dict[str, str]
) -> Any:
    """Bring the server into use as far as the API goes; the login is not part of it."""
    client, stub = answering("transfer", answers)
    logins: list[Any] = []

    def logged_in(host: str, port: int, user: SftpUser, accepted: frozenset[str], **_: Any) -> str:
        logins.append((host, port, user.name, accepted))
        return "SHA256:YmFy"

    monkeypatch.setattr(aws, "client", lambda *_: client)
    monkeypatch.setattr(aws, "endpoint_url", lambda *_: "https://transfer.us-east-1.amazonaws.com")
    monkeypatch.setattr(customer_role, "create", lambda *_, **__: ROLE)
    monkeypatch.setattr(transfer_endpoint, "wait_for_login", logged_in)
    deployment = Deployment("bucket", "destination", "", {}, {}, outputs=outputs)
    customer = Customer(SftpUser("customer-0001", "key"), f"{KEY}\n")
    server = TransferServer(state, ENGINE, deployment, [customer], print, sleep=lambda _: None)
    endpoint, api = server.start()
    stub.assert_no_pending_responses()
    return endpoint, api, logins


def test_the_templates_server_gets_the_stacks_users_with_their_keys(
    state: StackState, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [described("STARTING"), described("ONLINE"), CREATE_USER, HOST_KEYS]
    endpoint, api, logins = start(state, monkeypatch, answers, {"SftpServerId": ID})
    assert (endpoint.host, endpoint.port) == (f"{ID}.server.transfer.us-east-1.amazonaws.com", 22)
    assert (endpoint.server_id, endpoint.host_key_fingerprint) == (ID, "SHA256:YmFy")
    assert api.authorisation == "iam"
    assert logins == [(endpoint.host, 22, "customer-0001", frozenset({"SHA256:Zm9v", "SHA256:YmFy"}))]


def test_a_server_that_cannot_start_is_told(state: StackState, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineStartError, match="could not start"):
        start(state, monkeypatch, [described("START_FAILED")], {"SftpServerId": ID})


def test_a_template_without_a_server_is_told(state: StackState, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeployError, match="SftpServerId"):
        start(state, monkeypatch, [], {})


def test_users_go_before_their_server_page_by_page() -> None:
    arn = f"{ARN}/u"
    answers: list[Answer] = [
        (
            "list_users",
            {"ServerId": ID},
            {"ServerId": ID, "Users": [{"Arn": arn, "UserName": "a-1"}], "NextToken": "2"},
        ),
        (
            "list_users",
            {"ServerId": ID, "NextToken": "2"},
            {"ServerId": ID, "Users": [{"Arn": arn, "UserName": "b-1"}]},
        ),
        ("delete_user", {"ServerId": ID, "UserName": "a-1"}, {}),
        ("delete_user", {"ServerId": ID, "UserName": "b-1"}, {}),
    ]
    transfer, stub = answering("transfer", answers)
    transfer_servers.delete_users(transfer, ID)
    stub.assert_no_pending_responses()
    gone, stub = answering("transfer", [])
    stub.add_client_error("list_users", service_error_code="ResourceNotFoundException")
    transfer_servers.delete_users(gone, ID)


def test_servers_made_by_the_api_are_found_by_their_tag_and_others_left() -> None:
    other = ARN.replace("1234567890", "0987654321")
    answers: list[Answer] = [
        (
            "list_servers",
            {},
            {"Servers": [{"Arn": ARN, "ServerId": ID}, {"Arn": other, "ServerId": other[-19:]}]},
        ),
        ("list_tags_for_resource", {"Arn": ARN}, {"Arn": ARN, "Tags": [TOKEN]}),
        ("list_tags_for_resource", {"Arn": other}, {"Arn": other}),
        ("list_users", {"ServerId": ID}, {"ServerId": ID, "Users": []}),
        ("delete_server", {"ServerId": ID}, {}),
    ]
    transfer, stub = answering("transfer", answers)
    transfer_servers.delete_created(transfer, "0123")
    stub.assert_no_pending_responses()
