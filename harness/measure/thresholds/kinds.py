"""What figures are measured in."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of figure. Its values are kept in the unit whose factor is 1."""

    units: dict[str, float]
    """Unit to factor."""
    unit_required: bool = False
    plain_zero: bool = False
    """A required unit may be left out of the number 0."""
    low: float = 0.0
    """No value is below."""
    high: float = math.inf
    """No value is above."""
    whole: bool = False
    """Values are whole numbers."""
    shares: bool = False
    """It may be given in `%` of the offered files, too."""

    def for_unit(self, unit: str) -> Kind:
        """Return the kind of a condition with this unit: shares of files are no longer whole numbers."""
        return SHARE if self.shares and unit == "%" else self

    @property
    def unit_names(self) -> list[str]:
        return [*self.units, *(["%"] if self.shares else [])]


TIME = Kind({"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0, "h": 3_600_000.0}, unit_required=True)
RATE = Kind(
    {"/s": 1.0, "/min": 1 / 60, "/h": 1 / 3600, "/day": 1 / 86_400}, unit_required=True, plain_zero=True
)
SLOPE = replace(RATE, low=-math.inf)
SIZE = Kind({"B": 1.0, "KiB": 1024.0, "MiB": 1024.0**2, "GiB": 1024.0**3})
COUNT = Kind({}, whole=True)
MEAN = Kind({})
FILES = Kind({}, whole=True, shares=True)
SHARE = Kind({"%": 1.0}, unit_required=True, plain_zero=True, high=100.0)
MEMORY_GROWTH = Kind(
    {"KiB/h": 1 / 1024, "MiB/h": 1.0, "GiB/h": 1024.0}, unit_required=True, plain_zero=True, low=-math.inf
)
TIME_GROWTH = Kind({"ms/h": 1.0, "s/h": 1000.0}, unit_required=True, plain_zero=True, low=-math.inf)
CORES = Kind({"%": 1.0}, unit_required=True, plain_zero=True)
"""CPU in per cent of one core: four busy cores are 400 %."""
