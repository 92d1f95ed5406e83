"""What a project that owns a file-transfer pipeline tests with Floodgate: `pytest` in this folder."""

from __future__ import annotations

from typing import Any

import asyncssh
import pytest

from harness.pytest_plugin.delivery import WaitDelivered
from harness.pytest_plugin.scenarios import RunScenario
from harness.pytest_plugin.sftp_client import SftpClient
from harness.pytest_plugin.stack import Stack

pytestmark = pytest.mark.timeout(
    600
)  # the first test starts the stack; the first one ever installs the engine


def test_a_file_arrives_as_it_was_sent(sftp_client: SftpClient, wait_delivered: WaitDelivered) -> None:
    key = sftp_client.put("incoming/orders.csv", "id,amount\n1,10\n")
    delivered = wait_delivered(key)
    assert delivered.read() == b"id,amount\n1,10\n"
    assert delivered.row is not None
    assert delivered.row.attempts == 1


def test_a_file_that_is_renamed_arrives_under_its_last_name(
    sftp_client: SftpClient, wait_delivered: WaitDelivered
) -> None:
    sftp_client.put("incoming/prices.csv.tmp", "id,price\n1,10\n")
    sftp_client.rename("incoming/prices.csv.tmp", "incoming/prices.csv")
    assert wait_delivered(sftp_client.key("incoming/prices.csv")).size_bytes == 14


def test_a_customer_does_not_see_the_others(sftp_client: SftpClient) -> None:
    with pytest.raises(asyncssh.SFTPError):
        sftp_client.get("/../another-customer/secret.csv")


def test_every_object_at_the_destination_is_encrypted(
    sftp_client: SftpClient, wait_delivered: WaitDelivered, s3: Any, floodgate_stack: Stack
) -> None:
    delivered = wait_delivered(sftp_client.put("incoming/private.csv", "id\n1\n"))
    head = s3.head_object(Bucket=floodgate_stack.destination_bucket, Key=delivered.key)
    assert head["ServerSideEncryption"] in ("AES256", "aws:kms")


def test_fifty_files_from_many_customers_all_arrive(run_scenario: RunScenario) -> None:
    summary = run_scenario("smoke", files=50)
    summary.assert_passed()
    summary.assert_nothing_lost()
    assert summary.files["delivered"] == 50
