"""Who may talk to the web UI: it can end a load, and other pages of the same browser can reach it, too.

A page elsewhere can have the browser send a form here, and with a name that turns into our address it can
even read the answers (DNS rebinding). The browser gives both away: by the headers `Sec-Fetch-Site` and
`Origin` (https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site), and by a `Host`
that is not this machine.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS = frozenset({"same-origin", "none"})
"""`none`: typed into the address line."""


def refusal(
    method: str, headers: Mapping[str, str], listens_on: str, names: Collection[str] | None = None
) -> str | None:
    """Return why a request is refused, or `None`.

    :param listens_on: the address of the UI
    :param names: by which it may be called besides addresses and `localhost`; `None`: who opened it to other
        machines may call it by any name
    """
    host = headers.get("Host", "")
    if not _may_be_called(_name_of(f"//{host}"), listens_on, names):
        return f"this page is for 127.0.0.1 and localhost only, not for {host!r}"
    # Locust's UI lets every page read its answers (`Access-Control-Allow-Origin: *`).
    if (origin := headers.get("Origin")) is not None and urlsplit(origin).netloc != host:
        return "another web page sent this request"
    if method not in _READING and headers.get("Sec-Fetch-Site", "none") not in _OURS:
        return "another web page sent this request"
    return None


def _may_be_called(name: str, listens_on: str, names: Collection[str] | None) -> bool:
    if is_loopback(name) or name in (names or ()):
        return True
    if is_loopback(listens_on):
        return False
    return names is None or _is_address(name)


def _is_address(name: str) -> bool:
    """Tell whether nobody can have the name resolved to another address: it is one itself."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


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
