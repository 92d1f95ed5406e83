"""A URL as identity provider, as API Gateway serves it.

https://docs.aws.amazon.com/transfer/latest/userguide/authentication-api-gateway.html
"""

from __future__ import annotations

import base64
from urllib.parse import quote, urlencode

import botocore.exceptions
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from harness import aws
from harness.engines.base import EngineInfo
from harness.exceptions import IdentityProviderError
from harness.sftp.identity import LoginAttempt
from harness.sftp.providers.custom import ANSWER_CAP_S, MAX_QUESTIONS_AT_ONCE, Reply

_CONNECT_TIMEOUT_S = 5.0


class UrlQuestioner:
    """Puts the question to an HTTP service. Nothing is cached, and no redirect is followed.

    The request is signed as AWS signs it with the invocation role; here, with the engine's credentials.

    :param url: `IdentityProviderDetails.Url`, the stage of the API
    """

    def __init__(self, engine: EngineInfo, url: str, server_id: str) -> None:
        self._url = url.rstrip("/")
        self._server_id = server_id
        self._engine = engine
        self._http = URLLib3Session(
            timeout=(_CONNECT_TIMEOUT_S, ANSWER_CAP_S),  # type: ignore[arg-type]  # the stubs know one number
            max_pool_connections=MAX_QUESTIONS_AT_ONCE,
        )

    def ask(self, attempt: LoginAttempt) -> Reply:
        request = self._request(attempt)
        try:
            response = self._http.send(request)
        except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError) as exc:
            raise IdentityProviderError(
                f"the identity provider {self._url} does not answer: {exc}",
                hint="is `Url` the stage of the API, and is the API deployed?",
            ) from exc
        return Reply(response.content, response.status_code, str(request.url))

    def _request(self, attempt: LoginAttempt) -> AWSPreparedRequest:
        query = urlencode({"protocol": attempt.protocol, "sourceIp": attempt.source_ip})
        path = f"/servers/{self._server_id}/users/{quote(attempt.user_name, safe='@')}/config"
        headers = {"Cache-Control": "no-cache", **password_headers(attempt.password)}
        request = AWSRequest("GET", f"{self._url}{path}?{query}", headers=headers)
        credentials = Credentials(*aws.credentials(self._engine))
        SigV4Auth(credentials, "execute-api", self._engine.region).add_auth(request)
        return request.prepare()


def password_headers(password: str | None) -> dict[str, str]:
    """Return the headers that carry a password: older templates of AWS read `Password`, newer ones
    `PasswordBase64`.

    A password that could not stand in a header as it is (line ends, other alphabets) goes by the second only.
    """
    if password is None:
        return {}
    encoded = {"PasswordBase64": base64.b64encode(password.encode()).decode("ascii")}
    fits = password.isascii() and password.isprintable() and password == password.strip()
    return {"Password": password, **encoded} if fits else encoded
