"""Where the Docker Engine is: DOCKER_HOST, the context that the user has chosen, or the usual socket."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import psutil

USUAL_SOCKET = "unix:///var/run/docker.sock"
_OVER_A_NETWORK = ("tcp://", "http://", "https://", "ssh://")


def take_context() -> None:
    """Have DOCKER_CONTEXT hold, as it does for `docker` itself: Docker's Python package does not read it.

    :raises LookupError: there is no such context
    """
    name = os.environ.get("DOCKER_CONTEXT")
    if name and name != "default" and not os.environ.get("DOCKER_HOST"):
        os.environ["DOCKER_HOST"] = _host_of(name)


def _host_of(context: str) -> str:
    """Return what a context leads to; where it is kept: https://docs.docker.com/engine/manage-resources/contexts/"""
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    file = folder / "contexts" / "meta" / hashlib.sha256(context.encode()).hexdigest() / "meta.json"
    try:
        return str(json.loads(file.read_text())["Endpoints"]["docker"]["Host"])
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise LookupError(context) from exc


def is_elsewhere(address: str) -> bool:
    """Tell whether the Docker Engine is on another machine, whose 127.0.0.1 is not ours."""
    if not address.startswith(_OVER_A_NETWORK):
        return False
    ours = {each.address for card in psutil.net_if_addrs().values() for each in card}
    found = _resolved(urlsplit(address).hostname or "")
    return not any(ipaddress.ip_address(each).is_loopback or each in ours for each in found)


def _resolved(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(address[0]) for _, _, _, _, address in found]
