"""Who may talk to the web UI: it can end a load, and other pages of the same browser can reach it, too.

A page elsewhere can have the browser send a form here, and with a name that turns into our address it can
even read the answers (DNS rebinding). The browser gives both away: by the headers `Sec-Fetch-Site` and
`Origin` (https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site), and by a `Host`
that is not this machine.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS = frozenset({"same-origin", "none"})
"""`none`: typed into the address line."""


def refusal(method: str, headers: Mapping[str, str], listens_on: str) -> str | None:
    """Return why a request is refused, or `None`.

    :param listens_on: the address of the UI; who opened it to other machines may call it by any name
    """
    host = headers.get("Host", "")
    if is_loopback(listens_on) and not is_loopback(_name_of(f"//{host}")):
        return f"this page is for 127.0.0.1 and localhost only, not for {host!r}"
    if method in _READING:
        return None
    origin = headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc != host
    if foreign or headers.get("Sec-Fetch-Site", "none") not in _OURS:
        return "another web page sent this request"
    return None


def is_loopback(name: str) -> bool:
    """Tell whether a name or an address can only be this machine."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _name_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # brackets that are none of an address
        return ""
