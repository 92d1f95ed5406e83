"""boto3 and the AWS CLI against the endpoint, and other processes that read what they write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncssh
import pytest
from botocore.exceptions import ClientError

from tests.integration.transfer.api.conftest import REGION, ROLE, Endpoint

pytestmark = pytest.mark.integration

READER = """
import sys, time
from pathlib import Path
from harness.transfer.store import TransferStore
path, server_id, name = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
with TransferStore(path) as store:
    before, deadline = store.revision(), time.monotonic() + 60
    print("reads", flush=True)
    while (user := store.user(server_id, name)) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert user is not None and store.revision() > before
    print(len(user.SshPublicKeys), user.Role)
"""


def new_key() -> str:
    return asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()


@pytest.fixture(scope="module")
def server_id(client: Any) -> str:
    made: str = client.create_server(Tags=[{"Key": "stack", "Value": "test"}])["ServerId"]
    return made


def test_a_user_has_a_life(client: Any, server_id: str) -> None:
    mappings = [{"Entry": "/", "Target": "/bucket/${transfer:UserName}"}]
    who = {"ServerId": server_id, "UserName": "alice"}
    client.create_user(
        **who,
        Role=ROLE,
        HomeDirectoryType="LOGICAL",
        HomeDirectoryMappings=mappings,
        SshPublicKeyBody=new_key(),
    )
    imported = client.import_ssh_public_key(**who, SshPublicKeyBody=new_key())
    user = client.describe_user(**who)["User"]
    assert user["HomeDirectoryMappings"] == [{**mappings[0], "Type": "DIRECTORY"}]
    first, second = user["SshPublicKeys"]
    assert second["SshPublicKeyId"] == imported["SshPublicKeyId"]
    assert abs(first["DateImported"] - datetime.now(UTC)) < timedelta(minutes=5)
    client.delete_ssh_public_key(**who, SshPublicKeyId=first["SshPublicKeyId"])
    client.update_user(**who, Policy='{"Statement": []}')
    assert client.describe_user(**who)["User"]["Policy"] == '{"Statement": []}'
    client.delete_user(**who)
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        client.describe_user(**who)
    assert caught.value.response["ResourceType"] == "User"


def test_a_server_has_a_life_and_waiters_see_it(client: Any) -> None:
    made = client.create_server(PreAuthenticationLoginBanner="hello")["ServerId"]
    client.get_waiter("server_online").wait(ServerId=made)
    client.stop_server(ServerId=made)
    client.get_waiter("server_offline").wait(ServerId=made)
    client.update_server(ServerId=made, PreAuthenticationLoginBanner="")
    server = client.describe_server(ServerId=made)["Server"]
    assert "PreAuthenticationLoginBanner" not in server
    assert server["Arn"] == f"arn:aws:transfer:{REGION}:123456789012:server/{made}"
    client.delete_server(ServerId=made)
    assert made not in {row["ServerId"] for row in client.list_servers()["Servers"]}


def test_errors_become_the_exceptions_of_the_sdk(client: Any, server_id: str) -> None:
    with pytest.raises(client.exceptions.InvalidRequestException, match="Must specify IdentityProviderType"):
        client.create_server(IdentityProviderDetails={"SftpAuthenticationMethods": "PASSWORD"})
    with pytest.raises(ClientError) as caught:
        client.create_user(ServerId=server_id, UserName="ab", Role=ROLE)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert "at 'userName' failed to satisfy" in caught.value.response["Error"]["Message"]
    with pytest.raises(client.exceptions.InvalidNextTokenException):
        client.list_users(ServerId=server_id, NextToken="mine")
    with pytest.raises(ClientError) as caught:
        client.create_profile(As2Id="x", ProfileType="LOCAL")
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert caught.value.response["ResponseMetadata"]["RequestId"]


def test_the_paginators_of_boto3_see_every_page(client: Any, server_id: str) -> None:
    for number in range(7):
        client.create_user(ServerId=server_id, UserName=f"page{number}", Role=ROLE)
    pages = list(
        client.get_paginator("list_users").paginate(ServerId=server_id, PaginationConfig={"PageSize": 3})
    )
    names = [user["UserName"] for page in pages for user in page["Users"]]
    assert [name for name in names if name.startswith("page")] == [f"page{n}" for n in range(7)]
    assert len(pages) >= 3
    policies = client.get_paginator("list_security_policies").paginate(PaginationConfig={"PageSize": 4})
    listed = [name for page in policies for name in page["SecurityPolicyNames"]]
    assert "TransferSecurityPolicy-2024-01" in listed
    assert len(listed) == len(set(listed))


def test_one_of_many_that_create_the_same_user_succeeds(client: Any, server_id: str) -> None:
    def create(_: int) -> str:
        try:
            client.create_user(ServerId=server_id, UserName="only", Role=ROLE, SshPublicKeyBody=new_key())
        except client.exceptions.ResourceExistsException:
            return "exists"
        return "made"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(create, range(16))) == ["exists"] * 15 + ["made"]
    assert len(client.describe_user(ServerId=server_id, UserName="only")["User"]["SshPublicKeys"]) == 1


def test_other_processes_see_a_user_who_was_added_a_moment_ago(
    endpoint: Endpoint, client: Any, server_id: str
) -> None:
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(endpoint.store_file), server_id, "late"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    try:
        for reader in readers:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "reads\n"
        client.create_user(ServerId=server_id, UserName="late", Role=ROLE, SshPublicKeyBody=new_key())
        for reader in readers:
            assert reader.communicate(timeout=90)[0] == f"1 {ROLE}\n"
            assert reader.returncode == 0
    finally:
        for reader in readers:
            reader.kill()
            reader.communicate()


def aws(endpoint: Endpoint, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(endpoint.store_file.parent),
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_MAX_ATTEMPTS": "1",
    }
    command = [sys.executable, "-m", "awscli", "transfer", *arguments, "--endpoint-url", endpoint.url]
    return subprocess.run(
        [*command, "--output", "json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_aws_cli(endpoint: Endpoint, client: Any) -> None:
    made = json.loads(aws(endpoint, "create-server", "--protocols", "SFTP").stdout)["ServerId"]
    mappings = '[{"Entry": "/", "Target": "/bucket/x"}]'
    who = ["--server-id", made, "--user-name", "carol"]
    created = aws(
        endpoint,
        "create-user",
        *who,
        *("--role", ROLE, "--home-directory-type", "LOGICAL", "--home-directory-mappings", mappings),
        *("--ssh-public-key-body", new_key()),
    )
    assert json.loads(created.stdout) == {"ServerId": made, "UserName": "carol"}
    user = json.loads(aws(endpoint, "describe-user", *who).stdout)["User"]
    assert len(user["SshPublicKeys"]) == 1
    deleted = aws(endpoint, "delete-user", *who)
    assert (deleted.returncode, deleted.stdout) == (0, "")
    again = aws(endpoint, "describe-user", *who)
    assert again.returncode != 0
    assert (
        "An error occurred (ResourceNotFoundException) when calling the DescribeUser operation: Unknown user"
        in again.stderr
    )
    client.delete_server(ServerId=made)
