"""Only accounts that the user named may be used; there is no way to name all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import aws
from harness.engines.aws.account import Account
from harness.engines.aws.allowed import VARIABLE, file, require_allowed
from harness.engines.base import EngineInfo
from harness.exceptions import EnvironmentNotReadyError, UsageError

pytestmark = pytest.mark.unit

AWS = "https://cloudformation.eu-west-1.amazonaws.com"
ACCOUNT = Account(EngineInfo("aws", "aws", "of today", AWS, "eu-west-1", "123456789012", "", ""))


def test_a_named_account_may_be_used() -> None:
    require_allowed(ACCOUNT, {VARIABLE: "210987654321, 123456789012"})


@pytest.mark.parametrize("named", ["", "210987654321", ","])
def test_any_other_is_refused_with_the_fix(named: str) -> None:
    with pytest.raises(EnvironmentNotReadyError, match="123456789012, eu-west-1") as caught:
        require_allowed(ACCOUNT, {VARIABLE: named})
    assert f"export {VARIABLE}=123456789012" in str(caught.value.hint)


@pytest.mark.parametrize("named", ["*", "all", "12345678901", "123456789012 123456789012"])
def test_what_is_no_account_id_is_an_error_and_never_everybody(named: str) -> None:
    with pytest.raises(UsageError, match="no account id"):
        require_allowed(ACCOUNT, {VARIABLE: named})


def test_the_file_names_accounts_and_the_variable_goes_before_it(tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    with pytest.raises(EnvironmentNotReadyError, match="no account"):
        require_allowed(ACCOUNT, environment)
    file(environment).parent.mkdir()
    file(environment).write_text("# ours\n123456789012  # for tests\n\n")
    require_allowed(ACCOUNT, environment)
    with pytest.raises(EnvironmentNotReadyError):
        require_allowed(ACCOUNT, {**environment, VARIABLE: "210987654321"})


@pytest.mark.parametrize(
    ("url", "is_aws"),
    [
        ("https://cloudformation.us-east-1.amazonaws.com", True),
        ("https://cloudformation.cn-north-1.amazonaws.com.cn/", True),
        ("https://cloudformation.us-east-1.api.aws", True),
        ("https://S3.AMAZONAWS.COM.", True),
        ("http://127.0.0.1:4566", False),
        ("https://amazonaws.com.example.org", False),
        ("https://example.org/.amazonaws.com", False),
        ("https://notamazonaws.com", False),
    ],
)
def test_what_is_aws_itself(url: str, is_aws: bool) -> None:
    assert aws.is_aws_itself(url) is is_aws


def test_what_is_not_aws_itself_is_told() -> None:
    elsewhere = Account(EngineInfo("aws", "aws", "x", "http://127.0.0.1:1", account_id="000000000000"))
    assert str(ACCOUNT) == "account 123456789012, eu-west-1"
    assert "http://127.0.0.1:1" in str(elsewhere)


def test_clients_are_made_for_the_account_of_the_stack_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later command may have other credentials than `up` had."""
    other = EngineInfo("aws", "aws", "of today", AWS, "eu-west-1", "999999999999", "", "")
    monkeypatch.setattr(aws, "account_of", lambda _: other)
    with pytest.raises(EnvironmentNotReadyError, match="account 999999999999"):
        aws.client("s3", ACCOUNT.info)
    monkeypatch.setattr(aws, "account_of", lambda _: ACCOUNT.info)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    assert aws.client("s3", ACCOUNT.info).meta.region_name == "eu-west-1"
    assert aws.credentials(ACCOUNT.info) == ("key", "secret", "token")
    assert aws.endpoint_url("logs", ACCOUNT.info) == "https://logs.eu-west-1.amazonaws.com"


def test_nothing_of_an_account_is_kept_in_the_description() -> None:
    assert ACCOUNT.info.to_json()["secret_access_key"] == ""
    assert ACCOUNT.info.label == "aws"
