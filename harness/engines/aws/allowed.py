"""The accounts that Floodgate may create or delete something in: those that the user has named, and no other.

They are named by `FLOODGATE_AWS_ACCOUNTS` (ids with commas between them), or else by the file
`~/.config/floodgate/aws-accounts`, with an id on each line and remarks after `#`. There is no way to allow
all.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.engines.aws.account import Account
from harness.exceptions import EnvironmentNotReadyError, UsageError

VARIABLE = "FLOODGATE_AWS_ACCOUNTS"
_ID = re.compile(r"[0-9]{12}")


def require_allowed(account: Account, environment: Mapping[str, str] = os.environ) -> None:
    """Check that something may be created, or deleted, in an account.

    :raises EnvironmentNotReadyError: it is not among those that the user named
    :raises UsageError: something that the user named is no account id
    """
    allowed, source = _named(environment)
    if account.account_id in allowed:
        return
    named = ", ".join(sorted(allowed)) or "no account"
    raise EnvironmentNotReadyError(
        f"Floodgate may not create or delete anything in {account}: {source} names {named}",
        hint=f"if it is an account for tests: export {VARIABLE}={account.account_id} "
        f"(or a line {account.account_id} in {file(environment)})",
    )


def file(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the file that names accounts."""
    base = environment.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "floodgate" / "aws-accounts"


def _named(environment: Mapping[str, str]) -> tuple[frozenset[str], str]:
    """Return the accounts, and what names them."""
    if VARIABLE in environment:
        return _ids(environment[VARIABLE].split(","), VARIABLE), VARIABLE
    path = file(environment)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return frozenset(), str(path)
    except (OSError, ValueError) as exc:
        raise UsageError(f"{path} cannot be read: {exc}") from exc
    return _ids((line.partition("#")[0] for line in lines), str(path)), str(path)


def _ids(texts: Iterable[str], source: str) -> frozenset[str]:
    found = {text.strip() for text in texts} - {""}
    if wrong := sorted(text for text in found if not _ID.fullmatch(text)):
        raise UsageError(
            f"{source}: {', '.join(map(repr, wrong))} is no account id", hint="an id has twelve digits"
        )
    return frozenset(found)
