"""Addresses of masters, as users give them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import zmq

from harness.exceptions import UsageError


@contextmanager
def master_host(host: str) -> Iterator[None]:
    """Connect to a host within; raises `UsageError` when it is no name and no address."""
    try:
        yield
    except zmq.ZMQError as exc:
        raise UsageError(
            f"{host!r} is no host: {exc.strerror}", hint="--master-host is a name or an address"
        ) from exc
