"""The key of a master's sockets, made from the token. Imports nothing of Locust: anybody may use it."""

from __future__ import annotations

import hashlib

from zmq.utils import z85

_SALT = b"floodgate load workers 1"


def secret_key_of(token: str) -> bytes:
    """Return the server's secret key, in ZeroMQ's text form."""
    key: bytes = z85.encode(hashlib.scrypt(token.encode(), salt=_SALT, n=2**14, r=8, p=1, dklen=32))
    return key
