"""Images that differ from another one in one thing, for a test."""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.engines.docker import image


@contextmanager
def derived(docker: Any, line: str, *, below: str | None = None) -> Iterator[str]:
    """Make an image from another one, LocalStack's own unless named, with one more line; gone afterwards."""
    name = f"floodgate-test/localstack:{secrets.token_hex(4)}"
    text = f"FROM {below or image.base()}\n{line}\n"
    docker.images.build(fileobj=io.BytesIO(text.encode()), tag=name, rm=True)
    try:
        yield name
    finally:
        docker.images.remove(name)
