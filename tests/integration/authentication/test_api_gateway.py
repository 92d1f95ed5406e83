"""A URL as identity provider: the request to the header, and which answers count."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.credentials import Credentials

from harness.engines.base import EngineInfo
from harness.exceptions import IdentityProviderError
from harness.sftp.identity import AuthenticationMethods as M
from harness.sftp.identity import LoginAttempt, User
from harness.sftp.providers.api_gateway import UrlQuestioner
from harness.sftp.providers.custom import CustomProvider
from harness.sftp.providers.probe import identity_test
from harness.transfer.model import IdentityProvider, IdentityTest, Server
from tests.integration.authentication.clients import openssh
from tests.integration.authentication.conftest import Key
from tests.integration.authentication.http_service import HttpService, signature_is_right
from tests.integration.authentication.running_server import NO_ENGINE, SERVER_ID, RunningServer

pytestmark = pytest.mark.integration

ROLE = "arn:aws:iam::000000000000:role/transfer"
PASSWORD = "p\u00e4ss word"


@pytest.fixture(scope="module")
def running_service() -> Iterator[HttpService]:
    with HttpService() as service:
        yield service


@pytest.fixture
def service(running_service: HttpService) -> HttpService:
    running_service.answer, running_service.headers = (200, {"Role": ROLE, "HomeDirectory": "/bucket"}), {}
    running_service.seen.clear()
    return running_service


def _provider(service: HttpService, methods: M = M.PUBLIC_KEY_OR_PASSWORD) -> CustomProvider:
    return CustomProvider(UrlQuestioner(NO_ENGINE, service.url + "/", SERVER_ID), methods)


def _answer(service: HttpService, attempt: LoginAttempt) -> User | None:
    return asyncio.run(_provider(service).authenticate(attempt))


def test_the_request_is_that_of_aws(service: HttpService) -> None:
    assert _answer(service, LoginAttempt("bob@example.com", "2001:db8::7", password="secret")) is not None
    (seen,) = service.seen
    parts = urlsplit(seen.path)
    assert parts.path == f"/prod/servers/{SERVER_ID}/users/bob@example.com/config"
    assert parse_qs(parts.query) == {"protocol": ["SFTP"], "sourceIp": ["2001:db8::7"]}
    assert (seen.headers["Password"], seen.headers["PasswordBase64"]) == ("secret", "c2VjcmV0")


def test_it_is_signed_with_the_password_in_it(service: HttpService) -> None:
    _answer(service, LoginAttempt("bob@example.com", "192.0.2.7", password="secret"))
    (seen,) = service.seen
    base = service.url.removesuffix("/prod")
    right = Credentials(NO_ENGINE.access_key_id, NO_ENGINE.secret_access_key)
    assert signature_is_right(seen, base, right, NO_ENGINE.region)
    assert not signature_is_right(seen, base, Credentials("test", "another"), NO_ENGINE.region)
    assert "password;passwordbase64" in seen.headers["Authorization"]


def test_a_question_for_keys_has_no_password_header(service: HttpService) -> None:
    _answer(service, LoginAttempt("alice", "192.0.2.7"))
    (seen,) = service.seen
    assert "Password" not in seen.headers
    assert "PasswordBase64" not in seen.headers


def test_nothing_is_cached(service: HttpService) -> None:
    service.headers = {"Cache-Control": "max-age=3600"}
    for _ in range(3):
        _answer(service, LoginAttempt("alice", "192.0.2.7", password="secret"))
    assert len(service.seen) == 3


@pytest.mark.parametrize("status", [201, 301, 302, 401, 403, 404, 500, 503])
def test_other_statuses_are_failures_and_redirects_are_not_followed(
    service: HttpService, status: int
) -> None:
    service.answer = (status, {"Role": ROLE})
    service.headers = {"Location": service.url}
    with pytest.raises(IdentityProviderError, match=str(status)):
        _answer(service, LoginAttempt("alice", "192.0.2.7", password="secret"))
    assert len(service.seen) == 1


def test_nobody_at_the_address() -> None:
    with HttpService() as gone:
        pass
    with pytest.raises(IdentityProviderError, match="does not answer"):
        _answer(gone, LoginAttempt("alice", "192.0.2.7", password="secret"))


def test_openssh_logs_in_by_key_and_password(server: RunningServer, service: HttpService, key: Key) -> None:
    server.ask(_provider(service))
    service.answer = (200, {"Role": ROLE, "HomeDirectory": "/bucket", "PublicKeys": [key.line]})
    assert openssh(server, "alice", key_file=key.file).returncode == 0
    service.answer = (200, {"Role": ROLE, "HomeDirectory": "/bucket"})
    assert openssh(server, "alice", password=PASSWORD).returncode == 0
    service.answer = (200, {})
    assert openssh(server, "alice", password=PASSWORD).returncode == 255


def _test(service: HttpService, engine: EngineInfo = NO_ENGINE) -> tuple[str, int, str, str]:
    server = Server(
        ServerId=SERVER_ID,
        Arn="arn",
        IdentityProviderType="API_GATEWAY",
        IdentityProviderDetails=IdentityProvider(Url=service.url),
    )
    result = identity_test(IdentityTest(server, "alice", "secret", source_ip="192.0.2.7"), engine)
    return result.response, result.status_code, result.message, result.url


def test_test_identity_provider(service: HttpService) -> None:
    url = f"{service.url}/servers/{SERVER_ID}/users/alice/config?protocol=SFTP&sourceIp=192.0.2.7"
    service.answer = (200, b'{"Role":"r"}')
    assert _test(service) == ('{"Role":"r"}', 200, "", url)
    service.answer = (200, b"{}")
    assert _test(service) == ("{}", 200, "", url)
    service.answer = (500, b"oops")
    assert _test(service) == ("oops", 500, "Internal server error", url)
