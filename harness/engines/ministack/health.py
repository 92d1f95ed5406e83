"""What a MiniStack says about itself."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass

PATH = "/_ministack/health"
_REQUEST_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Health:
    """One answer."""

    version: str
    edition: str


def read(endpoint_url: str) -> Health | None:
    """Return what its health endpoint says; None while it does not answer, and of what is no MiniStack."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint_url}{PATH}", timeout=_REQUEST_TIMEOUT_S) as answer:
            content = json.load(answer)
        return Health(str(content["version"]), str(content["edition"]))
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
