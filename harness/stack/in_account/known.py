"""What this machine remembers of a stack in an account: `account.json`, written before anything is there."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from harness.cost.estimate import Estimate, HourlyLine
from harness.engines.aws.account import Account
from harness.engines.base import EngineInfo
from harness.files import read_json, replace_json

_FILE = "account.json"


def remember(folder: Path, account: Account, costs: Estimate) -> None:
    """Write down where a stack is going to be, and what it costs; no credentials. Raises `OSError`.

    :param folder: of the stack's state
    """
    told = {"hourly": [asdict(line) for line in costs.hourly], "unpriced": costs.unpriced}
    replace_json(folder / _FILE, {"engine": account.info.to_json(), **told})


def forget(folder: Path) -> None:
    """Forget it, once nothing of the stack is left in the account. Raises `OSError`."""
    (folder / _FILE).unlink(missing_ok=True)


def remembered(folder: Path) -> Account | None:
    """Return where a stack is; None where nothing was created in an account."""
    data = read_json(folder / _FILE)
    return None if data is None else Account(EngineInfo(**data["engine"]))


def hourly_costs(folder: Path) -> tuple[tuple[HourlyLine, ...], tuple[str, ...]]:
    """Return what was said that a stack costs by the hour, and what had no price."""
    data = read_json(folder / _FILE) or {"hourly": [], "unpriced": []}
    return tuple(HourlyLine(**line) for line in data["hourly"]), tuple(data["unpriced"])
