"""Rate profiles as data: `profile` of a workload.

A profile is a shape without units: factors of the workload's `rate_per_s`, over parts of its length. So
`--rate` makes every profile higher, and `--minutes` makes it longer, without another word. Where a workload
says only how many `files` it has, the shape is stretched so that so many files fit into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.load.profiles.curve import Piece
from harness.load.sizes import PositiveFloat, PositiveInt

Factor = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]

HOURS = 24
OFFICE_DAY = (
    *(0.25, 0.2, 0.2, 0.2, 0.25, 0.4),
    *(0.7, 1.2, 1.8, 2.1, 2.1, 1.8),
    *(1.5, 1.7, 1.9, 1.9, 1.7, 1.4),
    *(0.9, 0.5, 0.4, 0.35, 0.3, 0.25),
)
"""Little at night, most from nine to eleven and from two to four; the mean is 1. A shape of our own, not
measured anywhere: give your own `hours`."""


class _Profile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Steady(_Profile):
    """The same rate all the time."""

    kind: Literal["steady"] = "steady"

    def pieces(self) -> Sequence[Piece]:
        return (Piece(1.0, 1.0, 1.0),)


class Daily(_Profile):
    """A day, compressed into the length of the load. `rate_per_s` is the mean over the day."""

    kind: Literal["daily"]
    hours: Annotated[tuple[Factor, ...], Field(min_length=HOURS, max_length=HOURS)] = OFFICE_DAY
    """24 weights, one for the beginning of each hour; the rate goes straight from one to the next, and at the
    end of the day back to the first. Only their proportions count."""

    @model_validator(mode="after")
    def _not_all_zero(self) -> Daily:
        if not any(self.hours):
            raise ValueError("hours: at least one hour needs files")
        return self

    def pieces(self) -> Sequence[Piece]:
        mean = sum(self.hours) / HOURS
        around = [hour / mean for hour in (*self.hours, self.hours[0])]
        return tuple(Piece(1.0, start, end) for start, end in pairwise(around))


class Burst(_Profile):
    """Quiet, then many times the rate, then quiet again, so that the queue can drain.

    `rate_per_s` is the rate of the quiet times. `quiet`, `burst` and `drain` are parts of the load's length:
    they are minutes where they add up to `minutes`.
    """

    kind: Literal["burst"]
    factor: PositiveFloat = 100.0
    """How many times the quiet rate comes during the burst."""
    quiet: PositiveFloat = 1.0
    burst: PositiveFloat = 1.0
    drain: PositiveFloat = 1.0
    drain_factor: Factor = 1.0
    """How many times the quiet rate comes while the queue drains; 0 for nothing at all."""

    def pieces(self) -> Sequence[Piece]:
        return (
            Piece(self.quiet, 1.0, 1.0),
            Piece(self.burst, self.factor, self.factor),
            Piece(self.drain, self.drain_factor, self.drain_factor),
        )


class Ramp(_Profile):
    """From `rate_per_s` to `factor` times that rate: straight, or in `steps` of the same length."""

    kind: Literal["ramp"]
    factor: PositiveFloat = 10.0
    """What the rate comes to at the end, as a multiple of `rate_per_s`."""
    steps: Annotated[int, Field(ge=2, le=1000, strict=True)] | None = None
    """In how many steps; without it the rate rises all the time."""

    def pieces(self) -> Sequence[Piece]:
        if self.steps is None:
            return (Piece(1.0, 1.0, self.factor),)
        rise = (self.factor - 1.0) / (self.steps - 1)
        heights = [1.0 + rise * step for step in range(self.steps)]
        return tuple(Piece(1.0, height, height) for height in heights)


class Level(BaseModel):
    """One level of a `steps` profile."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    factor: Factor
    """Multiple of `rate_per_s`; 0 for a pause."""
    length: PositiveFloat = 1.0
    """Part of the load's length, against those of the other levels."""


class Steps(_Profile):
    """Levels of your own, one after the other."""

    kind: Literal["steps"]
    levels: Annotated[tuple[Level, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _not_all_zero(self) -> Steps:
        if not any(level.factor for level in self.levels):
            raise ValueError("levels: at least one level needs files")
        return self

    def pieces(self) -> Sequence[Piece]:
        return tuple(Piece(level.length, level.factor, level.factor) for level in self.levels)


class Trace(_Profile):
    """Arrivals (and sizes, and customers, where it has them) from a file. `rate_per_s` is not used.

    A CSV file with a header, a Parquet file, or the JSON log of AWS Transfer Family (or of Floodgate's own
    front end); `.gz` of CSV and JSON is read, too.
    """

    kind: Literal["trace"]
    path: Annotated[str, Field(min_length=1)]
    """From the folder of the workload's file; with `--set profile.path=…` from the current folder."""
    format: Literal["auto", "csv", "parquet", "transfer-json"] = "auto"
    """`auto` goes by the name: `.csv`, `.parquet`, and `.json`, `.jsonl` or `.log` for the JSON log."""
    time: Annotated[str, Field(min_length=1)] = "time"
    """Column with the time of arrival: ISO 8601, or seconds since any moment. Not used for logs."""
    size: str | None = "size_bytes"
    """Column with the size in bytes; files without one get theirs from `sizes`."""
    customer: str | None = "customer"
    """Column with the customer's name. The names are given to the stack's logins in turn, in the order in
    which they appear; files without one are spread as in any other load."""
    speed: PositiveFloat = 1.0
    """2 replays a trace of an hour in half an hour."""
    longest_gap_s: PositiveFloat | None = None
    """Longer gaps of the trace are shortened to this, before `speed` counts. Without it they are kept."""
    bad_rows: Literal["refuse", "skip"] = "refuse"
    """`skip` leaves rows out that cannot be read, and the report says how many."""
    disorder_rows: PositiveInt = 10_000
    """Rows may come so many rows late, and are put in order; what comes later than that is refused."""


Shape = Steady | Daily | Burst | Ramp | Steps
Profile = Annotated[Shape | Trace, Field(discriminator="kind")]
