"""`TestIdentityProvider`: what would a login get?

https://docs.aws.amazon.com/transfer/latest/APIReference/API_TestIdentityProvider.html
"""

from __future__ import annotations

from harness.engines.base import EngineInfo
from harness.exceptions import IdentityProviderError
from harness.sftp.identity import LoginAttempt, is_login_name
from harness.sftp.providers.chosen import questioner
from harness.sftp.providers.custom import Questioner, Reply, user_in
from harness.transfer.model import IdentityProvider, IdentityTest, IdentityTestResult

_NO_CLIENT = "127.0.0.1"
_REJECTED = IdentityTestResult()


def identity_test(test: IdentityTest, engine: EngineInfo) -> IdentityTestResult:
    """Ask the server's custom identity provider; waits for it. Without a password, the question is for the
    user's keys.

    A login that fails has status 200 and an empty response; a provider that fails has status 500.

    :raises UsageError: the server has no custom identity provider, or one that is not supported here
    """
    server = test.server
    details = server.IdentityProviderDetails or IdentityProvider()
    asked = questioner(server.IdentityProviderType, details, server.ServerId, engine)
    attempt = LoginAttempt(
        test.user_name, test.source_ip or _NO_CLIENT, test.protocol, password=test.password or None
    )
    return probe(asked, attempt)


def probe(asked: Questioner, attempt: LoginAttempt) -> IdentityTestResult:
    """Put the question and describe what came of it."""
    if not is_login_name(attempt.user_name):
        return _REJECTED
    try:
        reply = asked.ask(attempt)
    except IdentityProviderError as exc:
        return IdentityTestResult(response="", status_code=500, message=exc.message)
    return _described(reply, attempt)


def _described(reply: Reply, attempt: LoginAttempt) -> IdentityTestResult:
    text = reply.body.decode(errors="replace")
    if reply.status != 200:
        return IdentityTestResult(text, reply.status, "Internal server error", reply.url)
    try:
        is_let_in = user_in(reply, attempt) is not None
    except IdentityProviderError:
        is_let_in = False
    return IdentityTestResult(text if is_let_in else "{}", url=reply.url)
