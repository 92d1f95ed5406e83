"""What custom identity providers are asked, and how `TestIdentityProvider` tells what came back."""

from __future__ import annotations

import asyncio
import base64
import json
import threading

import pytest

from harness.engines.base import EngineInfo
from harness.exceptions import IdentityProviderError, UsageError
from harness.sftp.identity import AuthenticationMethods, LoginAttempt
from harness.sftp.providers.api_gateway import password_headers
from harness.sftp.providers.chosen import methods_of, questioner
from harness.sftp.providers.custom import CustomProvider, Reply
from harness.sftp.providers.function import event, without_password
from harness.sftp.providers.probe import probe
from harness.transfer.model import IdentityProvider, IdentityTestResult, ProviderType

pytestmark = pytest.mark.unit

ALICE = LoginAttempt("alice", "192.0.2.7", "SFTP", password="secret")
ANSWER = json.dumps({"Role": "arn:aws:iam::000000000000:role/transfer"}).encode()


class Scripted:
    def __init__(self, reply: Reply | IdentityProviderError) -> None:
        self._reply = reply

    def ask(self, attempt: LoginAttempt) -> Reply:
        if isinstance(self._reply, IdentityProviderError):
            raise self._reply
        return self._reply


class Slow:
    """Answers when it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def ask(self, attempt: LoginAttempt) -> Reply:
        self.go.wait(30)
        return Reply(ANSWER)


def test_a_function_is_given_what_aws_gives() -> None:
    assert event(ALICE, "s-1") == {
        "username": "alice",
        "password": "secret",
        "protocol": "SFTP",
        "serverId": "s-1",
        "sourceIp": "192.0.2.7",
    }


def test_a_question_for_keys_has_no_password_at_all() -> None:
    assert "password" not in event(LoginAttempt("alice", "192.0.2.7"), "s-1")


def test_a_password_goes_by_both_headers() -> None:
    assert password_headers("secret") == {"Password": "secret", "PasswordBase64": "c2VjcmV0"}
    assert password_headers(None) == {}


@pytest.mark.parametrize(
    "password", ["secret", "p\u00e4sswort", 'quo"ted', "back\\slash", "new\nline", "it's me"]
)
def test_an_error_does_not_tell_the_password(password: str) -> None:
    event_of_python, event_of_json = repr({"password": password}), json.dumps({"password": password})
    for error in (f"asked {event_of_python}", f"asked {event_of_json}"):
        body = json.dumps({"errorMessage": error})
        assert password not in without_password(body, password)
        assert "(password)" in without_password(body, password)
    assert password not in repr(LoginAttempt("alice", "192.0.2.7", password=password))


def test_the_gaps_of_a_short_password_would_tell_it() -> None:
    assert without_password("the error", "e") == "(not quoted)"
    assert without_password("the error", None) == "the error"


@pytest.mark.parametrize("password", ["a\r\nX-Other: 1", "p\u00e4ss", " edge", "edge ", "a\tb"])
def test_a_password_that_does_not_fit_a_header_goes_encoded_only(password: str) -> None:
    encoded = base64.b64encode(password.encode()).decode()
    assert password_headers(password) == {"PasswordBase64": encoded}


def _authenticate(asked: Scripted | Slow, *, cap_s: float = 30.0) -> object:
    provider = CustomProvider(asked, AuthenticationMethods.PASSWORD, cap_s=cap_s)
    return asyncio.run(provider.authenticate(ALICE))


@pytest.mark.parametrize("status", [201, 204, 301, 400, 403, 500, 503])
def test_only_status_200_is_an_answer(status: int) -> None:
    with pytest.raises(IdentityProviderError, match=str(status)):
        _authenticate(Scripted(Reply(ANSWER, status)))


def test_a_slow_provider_is_given_up() -> None:
    slow = Slow()
    provider = CustomProvider(slow, AuthenticationMethods.PASSWORD, cap_s=0.01)

    async def ask() -> None:
        try:
            await provider.authenticate(ALICE)
        finally:
            slow.go.set()

    with pytest.raises(IdentityProviderError, match="did not answer within"):
        asyncio.run(ask())


@pytest.mark.parametrize(
    ("kind", "details", "named"),
    [
        ("AWS_LAMBDA", IdentityProvider(), "AWS_LAMBDA"),
        ("API_GATEWAY", IdentityProvider(Function="arn"), "API_GATEWAY"),
        ("AWS_DIRECTORY_SERVICE", IdentityProvider(DirectoryId="d-1234567890"), "not supported"),
        ("SERVICE_MANAGED", IdentityProvider(), "SERVICE_MANAGED"),
    ],
)
def test_providers_that_cannot_be_asked(kind: ProviderType, details: IdentityProvider, named: str) -> None:
    engine = EngineInfo("localstack", "host", "1", "http://127.0.0.1:1")
    with pytest.raises(UsageError, match=named):
        questioner(kind, details, "s-1", engine)


def test_key_or_password_is_the_default() -> None:
    assert methods_of(IdentityProvider()) is AuthenticationMethods.PUBLIC_KEY_OR_PASSWORD
    assert (
        methods_of(IdentityProvider(SftpAuthenticationMethods="PASSWORD")) is AuthenticationMethods.PASSWORD
    )


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (Reply(ANSWER), IdentityTestResult(ANSWER.decode())),
        (Reply(b"{}"), IdentityTestResult("{}", 200, "", "")),
        (Reply(b"not json"), IdentityTestResult("{}")),
        (Reply(ANSWER, 200, "http://x/"), IdentityTestResult(ANSWER.decode(), url="http://x/")),
        (
            Reply(b"oops", 502, "http://x/"),
            IdentityTestResult("oops", 502, "Internal server error", "http://x/"),
        ),
        (IdentityProviderError("no answer"), IdentityTestResult("", 500, "no answer")),
    ],
)
def test_what_a_test_of_the_provider_tells(
    reply: Reply | IdentityProviderError, result: IdentityTestResult
) -> None:
    assert probe(Scripted(reply), ALICE) == result


@pytest.mark.parametrize("name", ["root", "ab"])
def test_names_that_never_log_in_are_tested_without_asking(name: str) -> None:
    never = Scripted(IdentityProviderError("was asked"))
    assert probe(never, LoginAttempt(name, "192.0.2.7", password="x")) == IdentityTestResult()
