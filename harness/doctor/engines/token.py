"""LocalStack's licence token: is there one, does it look like one, is one needed. It is never shown.

https://docs.localstack.cloud/aws/getting-started/auth-token/
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

from harness.doctor.finding import Finding, failed, note, ok, warning
from harness.engines.docker.image import BASE_ENV, DEFAULT_BASE

TOKEN = "LOCALSTACK_AUTH_TOKEN"  # noqa: S105  (a variable's name)
LAST_FREE = (4, 14, 0)
"""The last release that runs without a token: https://github.com/localstack/localstack/releases/tag/v4.14.0"""
_OLD_KEY = "LOCALSTACK_API_KEY"
_SHAPE = re.compile(r"ls-[A-Za-z0-9-]{8,}")
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


def look(env: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Look at the token, and at whether the image that was named needs it."""
    given = os.environ if env is None else env
    token, image = given.get(TOKEN, ""), given.get(BASE_ENV, "")
    if token:
        yield _shape(token)
    elif needs_token(image):
        yield failed(
            "token.present",
            f"{BASE_ENV}={image} needs a licence, and {TOKEN} is not set",
            fix=f"set {TOKEN}, or use an image that needs none: {DEFAULT_BASE}",
            image=image,
        )
    elif given.get(_OLD_KEY):
        yield note(
            "token.present",
            f"{_OLD_KEY} is set, which Floodgate does not hand on",
            fix=f"images that need a licence take {TOKEN}; 4.14.0 needs none",
        )
    else:
        yield ok("token.present", f"no {TOKEN}; LocalStack 4.9.2 and 4.14.0 need none", present=False)


def needs_token(image: str) -> bool:
    """Tell whether an image runs only with a token; of a name that tells no release, only `latest` does."""
    repository, _, tag = image.partition("@")[0].rpartition(":")
    if not repository or "/" in tag:
        repository, tag = image, "latest"
    if repository.rpartition("/")[2] not in ("localstack", "localstack-pro"):
        return False
    if repository.endswith("localstack-pro"):
        return True
    found = _VERSION.match(tag)
    return bool(tag == "latest" or (found and tuple(int(part or 0) for part in found.groups()) > LAST_FREE))


def _shape(token: str) -> Finding:
    if token != token.strip() or token[0] in "\"'":
        return warning(
            "token.present",
            f"{TOKEN} is set, with blanks or quotes around it",
            fix=f"set it without them; an env file takes no quotes: {TOKEN}=ls-…",
            present=True,
        )
    if not _SHAPE.fullmatch(token):
        return warning(
            "token.present",
            f"{TOKEN} is set, but does not look like a token, which begins with ls-",
            fix="copy it again from https://app.localstack.cloud/settings/auth-tokens",
            present=True,
        )
    return ok("token.present", f"{TOKEN} is set; it is handed to the engine and kept nowhere", present=True)
