"""`AWS_ENDPOINT_URL_…` of one service alone: the account that STS names must be the one that is worked in.
And whatever else users may have in their variables and files.
"""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest

from harness import aws
from harness.deploy.account.looks import LOOKS
from harness.engines.aws.account import SERVICES
from harness.engines.base import EngineInfo
from harness.exceptions import EnvironmentNotReadyError

pytestmark = pytest.mark.unit

HERE = "http://127.0.0.1:1"
AWS = "https://cloudformation.us-east-1.amazonaws.com"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Such as no account has."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")


def session() -> boto3.session.Session:
    return aws.user_session()


def test_an_sts_of_this_machine_does_not_vouch_for_a_real_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", HERE)
    with pytest.raises(EnvironmentNotReadyError, match=f"sts at {HERE}: one is AWS itself") as caught:
        aws.account_of(session())
    assert "AWS_ENDPOINT_URL_" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("everywhere", "of_s3"),
    [(None, HERE), (HERE, "https://s3.us-east-1.amazonaws.com")],
    ids=["one of this machine", "one of AWS"],
)
def test_no_client_is_made_of_the_other_side(
    monkeypatch: pytest.MonkeyPatch, everywhere: str | None, of_s3: str
) -> None:
    if everywhere:
        monkeypatch.setenv("AWS_ENDPOINT_URL", everywhere)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", of_s3)
    monkeypatch.setattr(aws, "_session_of", lambda *_: session())
    engine = EngineInfo("aws", "aws", "of today", everywhere or AWS, "us-east-1", "000000000000", "", "")
    aws.require_one_side(engine, ["sqs"])
    with pytest.raises(EnvironmentNotReadyError, match="s3 at"):
        aws.require_one_side(engine, ["sqs", "s3"])


def test_every_service_that_is_looked_at_is_checked() -> None:
    assert {look.service for look in LOOKS} <= set(SERVICES)


def test_every_partition_is_aws() -> None:
    for region in ("us-gov-west-1", "cn-north-1", "eusc-de-east-1", "us-iso-east-1", "us-isob-east-1"):
        made = boto3.session.Session(region_name=region).client("cloudformation")
        assert aws.is_aws_itself(made.meta.endpoint_url), made.meta.endpoint_url


def test_an_endpoint_that_is_no_url_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:4566")
    for ask in (lambda: aws.configured_endpoint_url("s3"), lambda: aws.account_of(session())):
        with pytest.raises(EnvironmentNotReadyError, match="localhost:4566"):
            ask()


def test_a_file_that_cannot_be_read_is_told_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("garbage\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises(EnvironmentNotReadyError, match="Unable to parse"):
        aws.user_session()


def test_a_profile_that_there_is_not_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nope")
    with pytest.raises(EnvironmentNotReadyError, match="nope"):
        aws.user_session()
