"""The list prices, each with its date and source: `prices.json`, and the only place where it is read."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HOURS_PER_MONTH = 730
"""As AWS's own pricing calculator has it."""
_FILE = Path(__file__).with_name("prices.json")


@dataclass(frozen=True)
class Price:
    """What one kind of use costs.

    :param usd: for `per` units
    :param date: when the source fixed the value
    """

    id: str
    usd: float
    per: int
    unit: str
    date: str
    source: str

    def of(self, quantity: float) -> float:
        """Return what a quantity costs, in USD."""
        return self.usd * quantity / self.per


@dataclass(frozen=True)
class PriceList:
    """All prices, of one Region."""

    region: str
    by_id: Mapping[str, Price]

    def usd(self, quantities: Mapping[str, float]) -> float:
        """Return what quantities by price id cost together.

        :raises KeyError: there is no such price
        """
        return sum(self.by_id[name].of(quantity) for name, quantity in quantities.items())


@functools.cache
def price_list() -> PriceList:
    """Return the prices that are known."""
    data = json.loads(_FILE.read_text(encoding="utf-8"))
    return PriceList(data["region"], {line["id"]: Price(**line) for line in data["lines"]})
