"""From boto3's `create_server` to files in the engine's S3 by FTPS and FTP; a real function knows users."""

from __future__ import annotations

import ftplib
import secrets
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import aws
from harness.engines.base import EngineInfo
from tests.integration.authentication.functions import create_function
from tests.integration.ftp.clients import TIMEOUT_S, ResumingFtps, curl
from tests.integration.ftp.running import PASSWORD
from tests.integration.sftp.front_end import until
from tests.integration.transfer.supervisor.rig import Transfer

pytestmark = pytest.mark.integration

VPC = {"EndpointType": "VPC", "EndpointDetails": {"VpcId": "vpc-0123456789abcdef0"}}


class Door:
    """What `clients` need to know of a server."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.port: int = told["port"]
        self.certificate = Path(told["certificate_file"])


@pytest.fixture(scope="module")
def bucket(localstack: EngineInfo) -> str:
    name = f"ftp-{secrets.token_hex(6)}"
    aws.client("s3", localstack).create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="module")
def transfer(
    localstack: EngineInfo, bucket: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Transfer]:
    running = Transfer(tmp_path_factory.mktemp("transfer"), localstack, bucket)
    try:
        yield running.start()
    finally:
        running.end()


@pytest.fixture(scope="module")
def server_id(transfer: Transfer, localstack: EngineInfo, bucket: str) -> str:
    client = aws.client("lambda", localstack)
    name = f"ftp-identity-{secrets.token_hex(4)}"
    arn = create_function(
        client,
        name,
        Path(__file__).with_name("users_in_lambda.py"),
        environment={"BUCKET": bucket, "PASSWORD": PASSWORD},
    )
    server_id = transfer.create_server(
        IdentityProviderType="AWS_LAMBDA",
        IdentityProviderDetails={"Function": arn},
        Protocols=["FTPS", "FTP"],
        Certificate="arn:aws:acm:us-east-1:000000000000:certificate/12345678-1234-1234-1234-123456789012",
        **VPC,
    )
    server_arn = transfer.api.describe_server(ServerId=server_id)["Server"]["Arn"]
    client.add_permission(
        FunctionName=arn,
        StatementId="this-server",
        Action="lambda:InvokeFunction",
        Principal="transfer.amazonaws.com",
        SourceArn=server_arn,
    )
    return server_id


def door(transfer: Transfer, server_id: str) -> Door:
    return Door(until("it listens", lambda: (transfer.told()["servers"].get(server_id) or {}).get("ftp")))


def ftps(server: Door) -> ResumingFtps:
    context = ssl.create_default_context(cafile=str(server.certificate))
    context.check_hostname = False
    client = ResumingFtps(context=context, timeout=TIMEOUT_S)
    client.connect("127.0.0.1", server.port)
    client.login("alice", PASSWORD)
    client.prot_p()
    return client


def test_files_arrive_in_s3_and_the_function_is_told_the_protocol(
    transfer: Transfer, server_id: str, localstack: EngineInfo, bucket: str, tmp_path: Path
) -> None:
    server = door(transfer, server_id)
    (tmp_path / "sent").write_bytes(b"content")
    for tls, folder in [(True, "FTPS"), (False, "FTP")]:
        put = curl(server, "in.txt", "-T", str(tmp_path / "sent"), tls=tls)  # type: ignore[arg-type]
        assert put.returncode == 0, put.stderr
        found = aws.client("s3", localstack).get_object(Bucket=bucket, Key=f"{folder}/alice/in.txt")
        assert found["Body"].read() == b"content"
        assert found["Metadata"]["user-agent-id"] == f"alice@{server_id}"
    assert curl(server, "", "--user", "alice:wrong").returncode == 67  # type: ignore[arg-type]


def test_the_tag_tells_where_it_is_and_there_is_no_ssh(transfer: Transfer, server_id: str) -> None:
    found = transfer.api.describe_server(ServerId=server_id)["Server"]["Tags"]
    tags = {tag["Key"]: tag["Value"] for tag in found}
    assert tags["floodgate:ftp-endpoint"] == f"127.0.0.1:{door(transfer, server_id).port}"
    assert "floodgate:endpoint" not in tags
    assert "host_key_fingerprint" not in transfer.told()["servers"][server_id]


def test_settings_that_change_count_for_new_sessions_and_sessions_go_on(
    transfer: Transfer, server_id: str
) -> None:
    server = door(transfer, server_id)
    old = ftps(server)
    transfer.api.update_server(ServerId=server_id, PostAuthenticationLoginBanner="Hello")

    def is_new() -> bool:
        client = ftps(server)
        welcome = client.lastresp
        client.sendcmd("NOOP")
        client.close()
        return welcome == "200" and _welcome(server) == "230 Hello"

    until("new sessions are greeted", is_new)
    assert old.nlst() is not None
    old.quit()


def _welcome(server: Door) -> str:
    client = ftplib.FTP(timeout=TIMEOUT_S)
    client.connect("127.0.0.1", server.port)
    welcome = client.login("alice", PASSWORD)
    client.close()
    return welcome


def test_stopped_it_gives_its_port_up_and_started_it_has_it_again(transfer: Transfer, server_id: str) -> None:
    port = door(transfer, server_id).port
    transfer.api.stop_server(ServerId=server_id)
    transfer.wait_for(server_id, "OFFLINE")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    transfer.api.start_server(ServerId=server_id)
    transfer.wait_for(server_id, "ONLINE")
    assert door(transfer, server_id).port == port
    client = ftps(door(transfer, server_id))
    client.quit()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"IdentityProviderType": "SERVICE_MANAGED", **VPC}, "SERVICE_MANAGED"),
        (
            {
                "IdentityProviderType": "AWS_LAMBDA",
                "IdentityProviderDetails": {"Function": "arn:aws:lambda:us-east-1:000000000000:function:f"},
            },
            "VPC",
        ),
    ],
)
def test_ftp_needs_a_vpc_and_a_custom_identity_provider(
    transfer: Transfer, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(transfer.api.exceptions.InvalidRequestException, match=words):
        transfer.api.create_server(Protocols=["FTP"], **given)
