"""What this machine remembers of a stack in an account: `account.json`, written before anything is there."""

from __future__ import annotations

import json
from pathlib import Path

from harness.engines.aws.account import Account
from harness.engines.base import EngineInfo
from harness.files import replace_json

_FILE = "account.json"


def remember(folder: Path, account: Account) -> None:
    """Write down where a stack is going to be; no credentials. Raises `OSError`.

    :param folder: of the stack's state
    """
    replace_json(folder / _FILE, account.info.to_json())


def forget(folder: Path) -> None:
    """Forget it, once nothing of the stack is left in the account. Raises `OSError`."""
    (folder / _FILE).unlink(missing_ok=True)


def remembered(folder: Path) -> Account | None:
    """Return where a stack is; None where nothing was created in an account."""
    try:
        data = json.loads((folder / _FILE).read_text())
    except FileNotFoundError:
        return None
    return Account(EngineInfo(**data))
