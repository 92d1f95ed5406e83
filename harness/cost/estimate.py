"""The estimate that a user says yes to: what a stack costs by the hour, its files, and a run of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.cost.per_file import Variant, per_file
from harness.cost.prices import HOURS_PER_MONTH, PriceList, price_list
from harness.cost.standing import StandingCosts, standing_costs

TYPICAL_BYTES = 15 * 1024.0
"""Mean size of a scenario's files, where none is chosen."""
BESIDES_LOAD_H = 0.5
"""Creating and deleting the stack, and settling; Transfer Family begins to bill with the server."""


@dataclass(frozen=True)
class Load:
    """What a run is going to offer."""

    files: int
    mean_bytes: float
    duration_s: float


@dataclass(frozen=True)
class HourlyLine:
    """What one kind of resource costs by being there."""

    what: str
    count: int
    usd_per_hour: float

    @property
    def usd_per_month(self) -> float:
        return self.usd_per_hour * HOURS_PER_MONTH


@dataclass(frozen=True)
class Estimate:
    """All of it, in USD of the price list's Region."""

    price_region: str
    price_dates: tuple[str, str]
    """The oldest and the newest of its dates."""
    hourly: tuple[HourlyLine, ...]
    """The most expensive first."""
    per_file: Mapping[str, float]
    """Quantities by price id."""
    usd_per_1000_files: float
    mean_bytes: float
    unpriced: tuple[str, ...]
    load: Load | None = None
    hours: int = 0
    """How long a run's stack is going to be there, in full hours as they are billed; 0 without a load."""

    @property
    def usd_per_hour(self) -> float:
        return sum(line.usd_per_hour for line in self.hourly)

    @property
    def usd_per_month(self) -> float:
        """Of a stack that is left there, without a single file."""
        return self.usd_per_hour * HOURS_PER_MONTH

    @property
    def usd_of_run(self) -> float:
        """Of the load together with its stack's hours."""
        files = self.load.files if self.load else 0
        return self.usd_per_hour * self.hours + self.usd_per_1000_files * files / 1000


def estimate(resources: Mapping[str, Any], variant: Variant, load: Load | None = None) -> Estimate:
    """Return the estimate of a pipeline.

    :param resources: of the template, as far as they exist under the chosen parameters
    :param load: of a run; without one the stack is for hand use
    """
    standing = standing_costs(resources, variant.parameters)
    return estimate_again(_lines(standing, price_list()), standing.unpriced, variant, load)


def estimate_again(
    hourly: tuple[HourlyLine, ...], unpriced: tuple[str, ...], variant: Variant, load: Load | None
) -> Estimate:
    """Return the estimate for a stack whose hours were estimated when it was made."""
    known = price_list()
    mean_bytes = TYPICAL_BYTES if load is None else load.mean_bytes
    quantities = per_file(variant, mean_bytes)
    dates = sorted(price.date for price in known.by_id.values() if price.date[0].isdigit())
    return Estimate(
        price_region=known.region,
        price_dates=(dates[0], dates[-1]),
        hourly=hourly,
        per_file=quantities,
        usd_per_1000_files=known.usd(quantities) * 1000,
        mean_bytes=mean_bytes,
        unpriced=unpriced,
        load=load,
        hours=0 if load is None else math.ceil(load.duration_s / 3600 + BESIDES_LOAD_H),
    )


def _lines(standing: StandingCosts, prices: PriceList) -> tuple[HourlyLine, ...]:
    lines = (HourlyLine(item.what, item.count, prices.usd(item.hourly)) for item in standing.items)
    return tuple(sorted(lines, key=lambda line: -line.usd_per_hour))
