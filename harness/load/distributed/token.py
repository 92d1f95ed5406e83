"""The one secret that master and workers share. Imports nothing of Locust, so that anybody may use it."""

from __future__ import annotations

import os
import secrets

from harness.exceptions import UsageError

TOKEN_ENV = "FLOODGATE_WORKER_TOKEN"  # noqa: S105  (the name of the variable)
MIN_TOKEN_CHARS = 16
"""Somebody who listens could try out tokens; one that was made at random from so many is beyond reach."""


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(24)


def token_of_environment() -> str:
    """Return the token.

    :raises UsageError: there is none, or it is too short
    """
    token = os.environ.get(TOKEN_ENV, "")
    if len(token) < MIN_TOKEN_CHARS:
        raise UsageError(
            f"{TOKEN_ENV} must be a token of at least {MIN_TOKEN_CHARS} characters, the same as the master's",
            hint="`floodgate run … --master` prints one when the variable is not set",
        )
    return token
