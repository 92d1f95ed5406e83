"""What sources of figures hand over, and where it is collected."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from harness.measure.sampling.series import Series


class Reading(NamedTuple):
    """One figure at one moment."""

    name: str
    unit: str
    value: float


class Source(Protocol):
    """Something that can be looked at again and again."""

    def read(self, at: float, /) -> Iterable[Reading]:
        """Return what can be told now, nothing when that is nothing.

        :param at: seconds since the epoch
        :raises FloodgateError: nobody answered
        """


class Collected:
    """Readings by name, in 16 bytes each: a run may last for days."""

    def __init__(self) -> None:
        self._units: dict[str, str] = {}
        self._at: dict[str, array[float]] = {}
        self._values: dict[str, array[float]] = {}

    def add(self, at: float, readings: Iterable[Reading]) -> None:
        for reading in readings:
            self._units.setdefault(reading.name, reading.unit)
            self._at.setdefault(reading.name, array("d")).append(at)
            self._values.setdefault(reading.name, array("d")).append(reading.value)

    def latest(self, since: float) -> list[Reading]:
        """Return the last reading of every figure that was read since then."""
        return [
            Reading(name, unit, self._values[name][-1])
            for name, unit in list(self._units.items())
            if name in self._values and self._at[name][-1] >= since
        ]

    def series(self) -> dict[str, Series]:
        """Return what was collected so far, in the order of names."""
        return {
            name: Series(self._units[name], self._at[name][:], self._values[name][:])
            for name in sorted(self._units)
        }
