"""What `docker build` says, and why it failed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from harness.exceptions import EnvironmentNotReadyError

_TAIL_LINES = 15
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_DISK_FULL_MARK = "no space left on device"
_DISK_FULL_HINT = "free room where Docker keeps its images and containers: docker system df"
_OTHER_HINT = (
    "the image is made from one of LocalStack: LOCALSTACK_IMAGE names another one, "
    "such as localstack/localstack:4.14.0"
)


def follow(told: Iterable[Mapping[str, Any]]) -> None:
    """Read what the build says to its end.

    :raises EnvironmentNotReadyError: it failed
    """
    lines: list[str] = []
    for message in told:
        lines += _COLOURS.sub("", str(message.get("stream", ""))).splitlines()
        if "error" in message:
            raise _failed(str(message["error"]), lines[-_TAIL_LINES:])


def _failed(error: str, last_lines: list[str]) -> EnvironmentNotReadyError:
    tail = "\n".join(line for line in last_lines if line.strip())
    full = _DISK_FULL_MARK in f"{error}\n{tail}".lower()
    return EnvironmentNotReadyError(
        f"the image could not be made: {error}\n{tail}", hint=_DISK_FULL_HINT if full else _OTHER_HINT
    )
