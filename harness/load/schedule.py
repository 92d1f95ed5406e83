"""When files arrive: an endless, seeded stream of offsets in seconds from the start of the load.

An arrival process has two parts. The *unit process* says where arrivals lie when exactly one is expected per
unit; the *rate profile* stretches units into seconds. Poisson arrivals on a daily curve or in a burst are the
same unit process on another profile. Nothing here knows the clock, and nothing waits for a file to finish:
the schedule is an open model.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from harness.load.randomness import stream

ArrivalsName = Literal["constant", "poisson"]
UnitProcess = Callable[[random.Random], Iterator[float]]


class RateProfile(Protocol):
    """How the expected number of arrivals grows with time."""

    def offset_s(self, expected_arrivals: float) -> float:
        """Return when that many arrivals are expected to have come; must never decrease."""


@dataclass(frozen=True)
class SteadyRate:
    """The same rate all the time."""

    rate_per_s: float

    def offset_s(self, expected_arrivals: float) -> float:
        return expected_arrivals / self.rate_per_s


def evenly_spaced(_rng: random.Random) -> Iterator[float]:
    """One arrival at 0, 1, 2, … units."""
    count = 0
    while True:
        yield float(count)
        count += 1


def poisson(rng: random.Random) -> Iterator[float]:
    """Independent arrivals: the gaps are exponentially distributed with mean 1.

    Written out, because `random.expovariate` is not promised to stay the same between Python versions, while
    `random.random` is: a seed must mean the same schedule everywhere.
    """
    position = 0.0
    while True:
        position -= math.log(1.0 - rng.random())
        yield position


UNIT_PROCESSES: dict[ArrivalsName, UnitProcess] = {"constant": evenly_spaced, "poisson": poisson}


def offsets(arrivals: ArrivalsName, profile: RateProfile, seed: int) -> Iterator[float]:
    """Return the endless stream of offsets in seconds, never decreasing.

    The same arguments give the same stream; memory does not grow with its length.
    """
    return map(profile.offset_s, UNIT_PROCESSES[arrivals](stream(seed, "arrivals")))
