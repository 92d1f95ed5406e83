"""The one secret that master and workers share. Imports nothing of Locust, so that anybody may use it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from harness.exceptions import UsageError

TOKEN_ENV = "FLOODGATE_WORKER_TOKEN"  # noqa: S105  (the name of the variable)
TOKEN_FILE_ENV = "FLOODGATE_WORKER_TOKEN_FILE"  # noqa: S105
"""Names a file with the token, where the other variable is not set."""
MIN_TOKEN_CHARS = 16
"""Somebody who listens could try out tokens; one that was made at random from so many is beyond reach."""
_NEW = (
    "`floodgate run … --master` prints one where there is none; for `floodgate serve` make one at random: "
    "openssl rand -hex 16"
)


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(24)


def given_token() -> str | None:
    """Return the token of the environment; `None` where there is none.

    :raises UsageError: it is too short, or the file that should hold it cannot be read
    """
    file = os.environ.get(TOKEN_FILE_ENV)
    token = os.environ.get(TOKEN_ENV) or (_content(Path(file)) if file else None)
    if token is not None and len(token) < MIN_TOKEN_CHARS:
        raise UsageError(
            f"the token of load workers has {len(token)} characters, and needs at least {MIN_TOKEN_CHARS}",
            hint=_NEW,
        )
    return token


def token_of_environment() -> str:
    """Return the token.

    :raises UsageError: there is none, or as above
    """
    token = given_token()
    if token is None:
        raise UsageError(
            f"there is no token: {TOKEN_ENV} must hold one, the same for master and workers", hint=_NEW
        )
    return token


def _content(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(
            f"the file of {TOKEN_FILE_ENV} cannot be read: {exc}", hint=f"or give the token in {TOKEN_ENV}"
        ) from exc
