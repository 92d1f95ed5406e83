"""A real Lambda function in the engine as identity provider: each field of the contract, and the errors."""

from __future__ import annotations

import asyncio
import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from harness import aws
from harness.engines.base import EngineInfo
from harness.exceptions import IdentityProviderError
from harness.sftp.identity import AuthenticationMethods as M
from harness.sftp.identity import LoginAttempt, User
from harness.sftp.providers.custom import CustomProvider
from harness.sftp.providers.function import FunctionQuestioner
from harness.sftp.providers.probe import identity_test
from harness.transfer.model import IdentityProvider, IdentityTest, Server
from tests.integration.authentication.clients import openssh
from tests.integration.authentication.conftest import Key
from tests.integration.authentication.functions import create_function
from tests.integration.authentication.running_server import SERVER_ID, RunningServer

pytestmark = pytest.mark.integration

PASSWORD = "open sesame"


@pytest.fixture(scope="module")
def function(localstack: EngineInfo, key: Key) -> str:
    return create_function(
        aws.client("lambda", localstack),
        f"identity-{secrets.token_hex(4)}",
        Path(__file__).with_name("answers_in_lambda.py"),
        environment={"PUBLIC_KEY": key.line},
    )


def _provider(engine: EngineInfo, function: str, methods: M, **more: Any) -> CustomProvider:
    return CustomProvider(FunctionQuestioner(engine, function, SERVER_ID), methods, **more)


def _answer(engine: EngineInfo, function: str, name: str, password: str | None = PASSWORD) -> User | None:
    provider = _provider(engine, function, M.PUBLIC_KEY_OR_PASSWORD)
    return asyncio.run(provider.authenticate(LoginAttempt(name, "192.0.2.7", password=password)))


@pytest.mark.parametrize("password", [PASSWORD, None])
def test_the_event_is_that_of_aws(localstack: EngineInfo, function: str, password: str | None) -> None:
    user = _answer(localstack, function, "echo", password)
    assert user is not None
    assert json.loads(user.policy or "") == {
        "username": "echo",
        **({} if password is None else {"password": password}),
        "protocol": "SFTP",
        "serverId": SERVER_ID,
        "sourceIp": "192.0.2.7",
    }


@pytest.mark.parametrize("name", ["no-role", "empty-role"])
def test_no_role_is_a_rejection(localstack: EngineInfo, function: str, name: str) -> None:
    assert _answer(localstack, function, name) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("keys-too", "PublicKeys"),
        ("bad-policy", "Policy"),
        ("nothing", "not a JSON object"),
        ("text", "not a JSON object"),
        ("raises", "the directory is down"),
    ],
)
def test_broken_answers_fail_the_login(localstack: EngineInfo, function: str, name: str, reason: str) -> None:
    with pytest.raises(IdentityProviderError, match=reason) as info:
        _answer(localstack, function, name)
    assert PASSWORD not in info.value.message


def test_a_policy_that_sts_would_refuse_logs_in(localstack: EngineInfo, function: str) -> None:
    user = _answer(localstack, function, "odd-policy")
    assert user is not None
    assert user.policy == '{"Statement": "nonsense"}'


def test_a_function_that_is_not_there(localstack: EngineInfo, function: str) -> None:
    with pytest.raises(IdentityProviderError, match="gone"):
        _answer(localstack, f"{function}-gone", "alice")


def test_a_function_that_another_server_may_not_invoke(localstack: EngineInfo, function: str) -> None:
    other = FunctionQuestioner(localstack, function, "s-0123456789abcdef9")
    with pytest.raises(IdentityProviderError, match=r"does not let transfer\.amazonaws\.com invoke it"):
        other.ask(LoginAttempt("alice", "192.0.2.7", password=PASSWORD))


def test_a_slow_function_fails_the_login_and_the_server_goes_on(
    server: RunningServer, localstack: EngineInfo, function: str
) -> None:
    server.ask(_provider(localstack, function, M.PASSWORD, cap_s=1.0))
    assert openssh(server, "slow", password=PASSWORD).returncode == 255
    assert [line["message"] for line in server.errors("ERROR")] == [
        "the identity provider did not answer within 1 s"
    ]
    assert server.errors()[0]["message"] == "Invalid user name or password"


@pytest.mark.parametrize(
    ("methods", "by_key", "by_password", "by_both"),
    [
        (M.PUBLIC_KEY_OR_PASSWORD, True, True, True),
        (M.PUBLIC_KEY_AND_PASSWORD, False, False, True),
    ],
)
def test_openssh_logs_in_through_the_function(
    server: RunningServer,
    localstack: EngineInfo,
    function: str,
    key: Key,
    methods: M,
    by_key: bool,
    by_password: bool,
    by_both: bool,
) -> None:
    server.ask(_provider(localstack, function, methods))
    results = [
        openssh(server, "alice", key_file=key.file),
        openssh(server, "alice", password=PASSWORD),
        openssh(server, "alice", key_file=key.file, password=PASSWORD),
        openssh(server, "alice", password="wrong"),
    ]
    assert [result.returncode == 0 for result in results] == [by_key, by_password, by_both, False]


@pytest.mark.parametrize(
    ("name", "response", "status"), [("alice", "Role", 200), ("no-role", "{}", 200), ("raises", "", 500)]
)
def test_test_identity_provider(
    localstack: EngineInfo, function: str, name: str, response: str, status: int
) -> None:
    server = Server(
        ServerId=SERVER_ID,
        Arn="arn",
        IdentityProviderType="AWS_LAMBDA",
        IdentityProviderDetails=IdentityProvider(Function=function),
    )
    result = identity_test(IdentityTest(server, name, PASSWORD), localstack)
    assert response in result.response
    assert (result.status_code, result.url) == (status, "")
