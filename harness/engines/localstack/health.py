"""What a LocalStack says about itself."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

READY_LINE = "Ready."
_REQUEST_TIMEOUT_S = 5.0


def read(endpoint_url: str) -> dict[str, Any] | None:
    """Return what the health endpoint says, e.g. `{"version": "4.9.2", …}`; None while it does not answer."""
    url = f"{endpoint_url}/_localstack/health"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_REQUEST_TIMEOUT_S) as answer:
            content = json.load(answer)
    except (OSError, http.client.HTTPException, ValueError):
        return None
    return content if isinstance(content, dict) else None
