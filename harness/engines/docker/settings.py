"""Environment variables of a container that depend on where it runs; the others are in the image."""

from __future__ import annotations

import os
from collections.abc import Iterable

_PASSED_THROUGH = ("LOCALSTACK_AUTH_TOKEN",)
"""Handed to the container and stored nowhere; later LocalStacks do not start without."""


def environment(port: int) -> dict[str, str]:
    """Return them.

    :param port: where it listens, inside as outside, so that addresses that LocalStack tells (queue URLs)
        hold for functions in the container and for clients on this machine
    """
    passed = {name: os.environ[name] for name in _PASSED_THROUGH if os.environ.get(name)}
    return passed | {
        "GATEWAY_LISTEN": f"0.0.0.0:{port}",
        "LOCALSTACK_HOST": f"127.0.0.1:{port}",
        "HOME": "/tmp",  # noqa: S108  (in the container, whose user has no other)
    }


def masked(text: bytes, variables: Iterable[str]) -> bytes:
    """Return a log without what must not be stored.

    :param variables: of the container, `NAME=value`; who saves its log need not be who started it
    """
    given = dict(each.partition("=")[::2] for each in variables)
    for name in _PASSED_THROUGH:
        if secret := given.get(name):
            text = text.replace(secret.encode(), b"***")
    return text
