"""Calls of an AWS JSON API that cost little: one kept connection, a body that is ready.

The SDK spends about 0.1 ms of CPU on every event or log line that it is given, most of it on looking at each
member several times. Here a worker sends as many of them as there are files.

https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from typing import Any
from urllib.parse import urlsplit

from harness import aws
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, StackLostError
from harness.sftp.records.signing import Signer

CONTENT_TYPE = "application/x-amz-json-1.1"
TIMEOUT_S = 10.0
_RETRY_DELAYS_S = (0.1, 0.5)
_THROTTLED = frozenset({"ThrottlingException", "TooManyRequestsException"})

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""`json.dumps` makes an encoder for each call that has options."""


class JsonApi:
    """One service. For one thread.

    :param prefix: of `X-Amz-Target`, e.g. `AWSEvents`
    """

    def __init__(self, engine: EngineInfo, service: str, prefix: str) -> None:
        self._prefix = prefix
        url = aws.endpoint_url(service, engine)
        self._signer = Signer(engine, service, urlsplit(url).netloc)
        self._connection = _connection(url)

    def call(self, operation: str, body: str) -> dict[str, Any]:
        """Return the answer. What may pass is tried three times.

        :raises AwsError: AWS refused the call
        :raises StackLostError: the endpoint does not answer
        """
        for delay_s in _RETRY_DELAYS_S:
            with contextlib.suppress(_MayPassError):
                return self._call_once(operation, body)
            time.sleep(delay_s)
        try:
            return self._call_once(operation, body)
        except _MayPassError as exc:
            raise exc.cause from exc

    def _call_once(self, operation: str, body: str) -> dict[str, Any]:
        data = body.encode()
        headers = self._signer.headers(f"{self._prefix}.{operation}", CONTENT_TYPE, data, time.time())
        try:
            self._connection.request("POST", "/", data, {**headers, "User-Agent": aws.USER_AGENT})
            response = self._connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as exc:
            self._connection.close()
            raise _MayPassError(StackLostError(f"{operation}: the engine does not answer ({exc})")) from exc
        if response.status != http.HTTPStatus.OK:
            raise _refusal(operation, response.status, answer)
        return dict(json.loads(answer or b"{}"))

    def close(self) -> None:
        self._connection.close()


class _MayPassError(Exception):
    """The next try may work."""

    def __init__(self, cause: AwsError | StackLostError) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)


def _refusal(operation: str, status: int, answer: bytes) -> Exception:
    """Return the error that a response means."""
    try:
        told = json.loads(answer)
    except ValueError:
        told = {}
    code = str(told.get("__type", status)).rpartition("#")[2].partition(":")[0]
    message = told.get("message") or told.get("Message") or answer[:200].decode(errors="replace")
    error = AwsError(f"{operation}: {code}: {message}", code=code)
    may_pass = status >= http.HTTPStatus.INTERNAL_SERVER_ERROR or code in _THROTTLED
    return _MayPassError(error) if may_pass else error
