"""The web UI that a run has for the service alone, on this machine."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request

from flask import Response

_TIMEOUT_S = 5.0
_HEADERS = ("Content-Type", "Content-Disposition")
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def asked(url: str, *, method: str = "GET") -> Response | None:
    """Return the answer; `None` when there is none, as of a run that is about to end."""
    try:
        with _NO_PROXY.open(urllib.request.Request(url, method=method), timeout=_TIMEOUT_S) as found:  # noqa: S310
            headers = {name: found.headers[name] for name in _HEADERS if name in found.headers}
            return Response(found.read(), headers=headers)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError):
        return None
