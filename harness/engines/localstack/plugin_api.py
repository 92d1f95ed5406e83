"""The API that our plugin adds to LocalStack, below `/_floodgate/`."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from harness.exceptions import AwsError, StackLostError, UsageError

_TIMEOUT_S = 30.0
_HTTP_NOT_FOUND = 404


class PluginApi:
    """Calls one engine's plugin.

    :param endpoint_url: of the engine
    :param timeout_s: how long an answer may take
    """

    def __init__(self, endpoint_url: str, timeout_s: float = _TIMEOUT_S) -> None:
        self._endpoint_url = endpoint_url
        self._timeout_s = timeout_s
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the answer of `/_floodgate/<path>`.

        :raises UsageError: this LocalStack has no such API: it runs without our plugin, or with an older one
        :raises AwsError: it refused what was sent
        :raises StackLostError: it does not answer
        """
        request = urllib.request.Request(  # noqa: S310  (the engine's own http address)
            f"{self._endpoint_url}/_floodgate/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                content: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as exc:
            raise self._refused(exc, path) from exc
        except (OSError, http.client.HTTPException, ValueError) as exc:
            raise StackLostError(f"/_floodgate/{path}: the engine does not answer ({exc})") from exc
        return content

    def _refused(self, exc: urllib.error.HTTPError, path: str) -> UsageError | AwsError:
        text = exc.read().decode(errors="replace")
        if exc.code == _HTTP_NOT_FOUND:
            return UsageError(
                f"the LocalStack at {self._endpoint_url} runs without Floodgate's plugin: it has no {path}",
                hint="use a stack that `floodgate up` has started",
            )
        return AwsError(f"/_floodgate/{path}: {text}", code=str(exc.code))
