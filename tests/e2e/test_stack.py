"""`floodgate up` for hand use, with OpenSSH's client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness import aws
from harness.engines.base import EngineInfo
from tests.e2e.floodgate import Floodgate, eventually

pytestmark = pytest.mark.e2e


def sftp(status: dict[str, Any], commands: str, *, key: str | None = None, user: str | None = None):
    """Run OpenSSH's `sftp` in batch mode as the first customer."""
    login = status["users"][0]
    options = [
        "UserKnownHostsFile=/dev/null",
        "StrictHostKeyChecking=no",
        "IdentitiesOnly=yes",
        "BatchMode=yes",
    ]
    return subprocess.run(
        [
            "sftp",
            "-b",
            "-",
            "-F",
            "none",
            "-i",
            key or login["private_key_file"],
            "-P",
            str(status["sftp"]["port"]),
            *[word for option in options for word in ("-o", option)],
            f"{user or login['name']}@{status['sftp']['host']}",
        ],
        input=commands,
        capture_output=True,
        text=True,
        timeout=60,
    )


def client(status: dict[str, Any], service: str) -> Any:
    return aws.client(service, EngineInfo(**status["engine"]))


@pytest.fixture(scope="module")
def status(kept: Floodgate) -> dict[str, Any]:
    return kept.status("kept")


def test_a_file_put_by_hand_is_delivered_byte_for_byte(status, tmp_path):
    content = bytes(range(256)) * 300
    (tmp_path / "data.bin").write_bytes(content)

    done = sftp(status, f'put {tmp_path}/data.bin "odd name +%41.bin"\nls\n')

    assert done.returncode == 0, done.stderr
    assert "odd name +%41.bin" in done.stdout
    key = f"{status['users'][0]['name']}/odd name +%41.bin"
    s3 = client(status, "s3")

    def delivered():
        listed = s3.list_objects_v2(Bucket=status["buckets"]["destination"], Prefix=key)
        return listed.get("Contents")

    eventually(delivered, "the delivery")
    body = s3.get_object(Bucket=status["buckets"]["destination"], Key=key)["Body"].read()
    assert body == content


def test_the_wrong_key_is_refused(status, tmp_path):
    stranger = tmp_path / "stranger"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
    refused = sftp(status, "ls\n", key=str(stranger))
    assert refused.returncode != 0
    assert "Permission denied" in refused.stderr


def aws_transfer(status: dict[str, Any], operation: str, *arguments: str) -> Any:
    """Run the real `aws transfer …` against the stack, as anybody would."""
    command = [str(Path(sys.executable).with_name("aws")), "transfer", operation, *arguments]
    endpoint = [
        "--endpoint-url",
        status["transfer"]["endpoint_url"],
        "--server-id",
        status["sftp"]["server_id"],
    ]
    credentials = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    done = subprocess.run(
        [*command, *endpoint, "--output", "json"],
        env={**os.environ, **credentials, "AWS_PAGER": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else None


def test_users_of_the_aws_cli_log_in_and_do_what_their_role_allows(status, tmp_path):
    listed = aws_transfer(status, "list-users")["Users"]
    assert [user["UserName"] for user in listed] == [user["name"] for user in status["users"]]
    role = listed[0]["Role"]
    key = tmp_path / "newcomer"
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", str(key)], check=True)
    source = status["buckets"]["source"]
    user = ["--user-name", "newcomer"]
    aws_transfer(
        status,
        "create-user",
        *user,
        *("--role", role, "--home-directory", f"/{source}/newcomer"),
        *("--ssh-public-key-body", key.with_suffix(".pub").read_text()),
    )
    (tmp_path / "hello").write_text("hello")
    done = sftp(status, f"pwd\nput {tmp_path}/hello\n", key=str(key), user="newcomer")
    assert done.returncode == 0, done.stderr
    assert f"Remote working directory: /{source}/newcomer" in done.stdout
    assert client(status, "s3").head_object(Bucket=source, Key="newcomer/hello")["ContentLength"] == 5

    listing = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [listing]})
    aws_transfer(status, "update-user", *user, "--policy", policy)
    refused = sftp(status, f"put {tmp_path}/hello again\n", key=str(key), user="newcomer")
    assert "Permission denied" in refused.stderr

    aws_transfer(status, "delete-user", *user)
    gone = sftp(status, "ls\n", key=str(key), user="newcomer")
    assert "Permission denied (publickey)" in gone.stderr


def test_no_path_leads_out_of_the_home(status):
    done = sftp(status, f"ls ../{status['users'][1]['name']}\n")
    assert done.returncode != 0
    shown = sftp(status, "cd ../../..\npwd\n")
    assert "Remote working directory: /" in shown.stdout.splitlines()[-1]


def test_a_name_that_is_up_is_refused(kept: Floodgate):
    again = kept.run("up", "--name", "kept")
    assert again.code == 3
    assert "already up" in again.err
    assert "floodgate down" in again.err


def test_a_port_that_is_taken_is_refused(kept: Floodgate, status):
    taken = status["engine"]["endpoint_url"].rpartition(":")[2]
    refused = kept.run("up", "--name", "other", "--port", taken)
    assert refused.code == 3
    assert taken in refused.err
    assert not (kept.stacks / "other").exists()


def test_status_is_the_documented_contract(status):
    assert status["schema_version"] == 1
    assert {"name", "engine", "route", "sftp", "users", "buckets", "table", "queues", "functions"} <= set(
        status
    )
    assert set(status["engine"]) == {
        "name",
        "mode",
        "version",
        "endpoint_url",
        "region",
        "account_id",
        "access_key_id",
        "secret_access_key",
    }
    assert status["table"] == "FileTransferMetadata"
    assert {"work", "dlq"} <= set(status["queues"])
    assert status["sftp"]["workers"] == 1
    assert status["transfer"]["endpoint_url"].startswith("http://127.0.0.1:")
    assert Path(status["users"][0]["private_key_file"]).stat().st_mode & 0o777 == 0o600
    assert client(status, "sqs").get_queue_attributes(QueueUrl=status["queues"]["work"])


def test_a_run_on_a_stack_that_is_up_leaves_it_up(kept: Floodgate, tmp_path):
    result = kept.run("run", "smoke", "--name", "kept", "--out", str(tmp_path / "run"))
    assert result.code == 0, result.err
    assert kept.status("kept")["name"] == "kept"
    again = kept.run("run", "smoke", "--name", "kept", "--out", str(tmp_path / "again"))
    assert again.code == 0, again.err
    assert json.loads((tmp_path / "again" / "summary.json").read_text())["files"]["delivered"] == 20


def test_another_route_than_the_stack_has_is_refused(kept: Floodgate, tmp_path):
    result = kept.run(
        "run", "smoke", "--name", "kept", "--engine", "http://127.0.0.1:9", "--out", str(tmp_path / "x")
    )
    assert result.code == 2
    assert "its engine is 'localstack', not 'http://127.0.0.1:9'" in result.err
    assert not (tmp_path / "x").exists()


def test_down_leaves_nothing(floodgate: Floodgate):
    assert floodgate.run("up", "--name", "short", "--customers", "1").code == 0
    assert floodgate.run("down", "--name", "short").code == 0
    assert floodgate.leftovers() == []
    assert floodgate.run("status", "--name", "short").code == 3
