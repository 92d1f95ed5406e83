"""`TestIdentityProvider`: what would a login get?

https://docs.aws.amazon.com/transfer/latest/APIReference/API_TestIdentityProvider.html
"""

from __future__ import annotations

from harness.engines.base import EngineInfo
from harness.exceptions import IdentityProviderError
from harness.sftp.identity import LoginAttempt, LoginProtocol, is_login_name
from harness.sftp.providers.chosen import questioner
from harness.sftp.providers.custom import Questioner, Reply, user_in
from harness.transfer.model import IdentityProvider, Server

_REJECTED = "{}"


def identity_provider_result(
    server: Server,
    engine: EngineInfo,
    *,
    user_name: str,
    password: str | None = None,
    protocol: LoginProtocol = "SFTP",
    source_ip: str = "127.0.0.1",
) -> dict[str, str | int]:
    """Ask the server's custom identity provider and return `Response`, `StatusCode`, `Message` and `Url`.
    Waits for the provider, so call it in a thread.

    A login that fails has status 200 and an empty response; a provider that fails has status 500. Without a
    password, the question is for the user's keys.

    :raises UsageError: the server has no custom identity provider
    """
    details = server.IdentityProviderDetails or IdentityProvider()
    asked = questioner(server.IdentityProviderType, details, server.ServerId, engine)
    return probe(asked, LoginAttempt(user_name, source_ip, protocol, password=password or None))


def probe(asked: Questioner, attempt: LoginAttempt) -> dict[str, str | int]:
    """Put the question and describe what came of it."""
    if not is_login_name(attempt.user_name):
        return _result(_REJECTED)
    try:
        reply = asked.ask(attempt)
    except IdentityProviderError as exc:
        return _result("", status=500, message=exc.message)
    return _describe(reply, attempt)


def _describe(reply: Reply, attempt: LoginAttempt) -> dict[str, str | int]:
    if reply.status != 200:
        body = reply.body.decode(errors="replace")
        return _result(body, status=reply.status, message="Internal server error", url=reply.url)
    try:
        user = user_in(reply, attempt)
    except IdentityProviderError:
        user = None
    return _result(reply.body.decode() if user is not None else _REJECTED, url=reply.url)


def _result(response: str, *, status: int = 200, message: str = "", url: str = "") -> dict[str, str | int]:
    return {"Response": response, "StatusCode": status, "Message": message, "Url": url}
