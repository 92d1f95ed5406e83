"""What a scenario asks for, as data.

A workload says nothing about where the files go or how: it can be read, checked and changed by the command
line without starting anything. Every problem is reported at once, before the first byte of load.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from harness.exceptions import UsageError
from harness.load.behaviours.model import Behaviour
from harness.load.behaviours.model import check as check_behaviours
from harness.load.profiles.curve import Segment, mean_factor, segments
from harness.load.profiles.model import Profile, Steady, Trace
from harness.load.schedule import ArrivalsName
from harness.load.sizes import SMALL_CSV, PositiveFloat, PositiveInt, SizeClass

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]
Count = Annotated[int, Field(ge=0, strict=True)]
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(max_length=200)]
MAX_CUSTOMERS = 10_000
"""Transfer Family's quota of service-managed users per server; a stack has no more."""


MAX_FILES = 1_000_000_000
"""About three years of a million files a day; more is a slip of the pen."""
MAX_LENGTH_S = 366 * 86_400.0
MIN_PART_S = 0.001


class Workload(BaseModel):
    """A scenario's load: `WORKLOAD = Workload(…)` in its file."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    description: Text
    """One sentence for the list of scenarios."""
    rate_per_s: PositiveFloat | None = None
    """Files per second that are put on offer, on average; the profile multiplies it. A trace has its own."""
    arrivals: ArrivalsName = "poisson"
    """`poisson`: customers that know nothing of each other. `constant`: evenly spaced."""
    profile: Profile = Steady()
    """How the rate changes with time."""
    sizes: Annotated[tuple[SizeClass, ...], Field(min_length=1)] = SMALL_CSV
    """How big the files are: classes with shares."""
    content: Literal["csv", "random", "compressible"] = "csv"
    """What is in them; always made from seed and number, and checked by SHA-256 where they arrive."""
    behaviours: Annotated[tuple[Behaviour, ...], AfterValidator(check_behaviours)] = ()
    """What some of the files do otherwise than the rest, each with its share of all files."""
    customers: Annotated[int, Field(gt=0, le=MAX_CUSTOMERS, strict=True)] = 20
    """Logins among which the files are spread evenly; a stack with fewer uses those it has."""
    customer_order: Literal["random", "in_turn"] = "random"
    """`in_turn` gives each customer one file before any gets the next."""
    fresh_session_share: Share = 0.0
    """Part of the files that connect, upload and disconnect. The others use sessions that stay open."""
    minutes: PositiveFloat | None = None
    """How long files are offered, unless the command line says otherwise."""
    files: PositiveInt | None = None
    """How many files are offered; with `minutes`, whichever comes first."""
    route: Text | None = None
    """The pipeline's route; `--route` wins."""
    faults: Texts = ()
    """What the engine makes go wrong, such as `s3.CopyObject:SlowDown@5%[30s-60s]`; `--fault` adds to it."""
    thresholds: Texts = ()
    """Such as `end_to_end.p99 < 5s`: what must hold for the run to pass; `--threshold` adds to it."""
    evaluations: tuple[Literal["knee", "drift"], ...] = ()
    """What else the report answers: the highest sustained rate; whether memory or latency creep up."""
    allowed_failed: Count = 0
    """Files that may end as failed; those that are expected to fail do not count."""
    allowed_dlq: Count = 0
    """Files that may end in the dead-letter queue; those that are expected to fail do not count."""
    sessions_per_customer: PositiveInt = 4
    """Sessions that stay open; they are opened as they are needed."""
    max_open_sessions: PositiveInt = 500
    """Over all customers; beyond it the session that has been idle longest makes room, a busy one never."""
    max_concurrent_uploads: PositiveInt = 200
    """Locust users; each uploads one file at a time. When all are busy, arrivals wait for
    `start_within_s`."""
    start_within_s: PositiveFloat = 5.0
    """A file that could not be started so long after its intended time counts as not started."""
    connect_timeout_s: PositiveFloat = 15.0
    """For the connection, the login and the start of SFTP together."""
    upload_timeout_s: PositiveFloat = 60.0
    """From the request to open the file to the confirmed close."""
    settle_s: Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)] = 120.0
    """How long the last files are waited for at most after the load; `--settle-s` wins."""

    @model_validator(mode="after")
    def _fits_together(self) -> Workload:
        problems = []
        if self.rate_per_s is None and not isinstance(self.profile, Trace):
            problems.append("rate_per_s is needed: how many files come per second")
        if self.minutes is None and self.files is None and not isinstance(self.profile, Trace):
            problems.append("minutes or files is needed: a load must end")
        problems += self._out_of_proportion() if not problems else []
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _out_of_proportion(self) -> list[str]:
        """Return what numbers that are sound by themselves make of the whole load."""
        parts = self.segments
        if not parts:
            return []
        files, length_s = sum(part.expected_files for part in parts), parts[-1].ends_s
        problems = []
        if not math.isfinite(files) or min(files, self.files or files) > MAX_FILES:
            problems.append(f"so many files are more than {MAX_FILES:,}: lower rate_per_s, profile or length")
        if not length_s <= MAX_LENGTH_S:
            problems.append(f"the load would last longer than a year: {length_s / 86_400:.3g} days")
        if len(parts) > 1 and any(part.ends_s - part.starts_s < MIN_PART_S for part in parts):
            problems.append("profile: a part of it would be shorter than a millisecond")
        return problems

    def changed(
        self,
        *,
        rate_per_s: float | None = None,
        duration_s: float | None = None,
        files: int | None = None,
        thresholds: Sequence[str] = (),
    ) -> Workload:
        """Return the workload with what the command line asks for; `None` keeps the scenario's value.

        A duration or a number of files replaces both of the scenario's limits; thresholds are added.

        :raises UsageError: with all problems of the new values
        """
        changes: dict[str, Any] = {"thresholds": (*self.thresholds, *thresholds)}
        if rate_per_s is not None:
            changes["rate_per_s"] = rate_per_s
        if duration_s is not None or files is not None:
            changes |= {"minutes": None if duration_s is None else duration_s / 60, "files": files}
        with problems_as_usage_error("the load cannot be run"):
            return Workload.model_validate(dict(self) | changes)

    def located(self, folder: Path) -> Workload:
        """Return the workload with the path of its trace made absolute, from `folder`."""
        if not isinstance(self.profile, Trace):
            return self
        path = str(folder.absolute() / self.profile.path)
        return self.model_copy(update={"profile": self.profile.model_copy(update={"path": path})})

    @property
    def duration_s(self) -> float | None:
        return None if self.minutes is None else self.minutes * 60

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The planned rate over time, in pieces; empty for a trace, which is known only row by row."""
        if isinstance(self.profile, Trace) or self.rate_per_s is None:
            return ()
        pieces = self.profile.pieces()
        if self.duration_s is not None:
            return segments(pieces, self.rate_per_s, self.duration_s)
        return segments(pieces, self.rate_per_s, (self.files or 1) / (self.rate_per_s * mean_factor(pieces)))


@contextmanager
def problems_as_usage_error(what: str, hint: str | None = None) -> Iterator[None]:
    """Turn pydantic's list of problems into one `UsageError` that names every one of them."""
    try:
        yield
    except ValidationError as exc:
        problems = [_problem(error) for error in errors_of(exc)]
        raise UsageError(f"{what}: " + "; ".join(problems), hint=hint) from exc


def errors_of(exc: ValidationError) -> list[Any]:
    """Return pydantic's errors, without those that only follow from others.

    It counts an item that is wrong as missing, and so finds a list of wrong items too short as well.
    """
    errors = exc.errors(include_url=False)
    return [
        error
        for error in errors
        if error["type"] != "too_short" or len(error["input"]) < error["ctx"]["min_length"]
    ]


_SHOWN_LENGTH = 100
_PLAIN = {
    "extra_forbidden": "there is no such field",
    "missing": "it is needed",
    "tuple_type": "a list is needed",
    "model_type": "fields with values are needed",
    "model_attributes_type": "fields with values are needed",
    "union_tag_not_found": "`kind` is needed",
    "union_tag_invalid": "there is no kind {tag!r}; known: {expected_tags}",
    "too_short": "at least {min_length} items are needed, and there are {actual_length}",
    "too_long": "there may be {max_length} items at most, and there are {actual_length}",
    "int_type": "a whole number is needed",
    "int_from_float": "a whole number is needed",
    "float_type": "a number is needed",
    "string_type": "a text is needed",
}
"""pydantic's types of errors, where its own words name Python's types."""


def problem_text(error: Any) -> str:
    """Return what one of pydantic's errors says, without the place.

    :param error: https://docs.pydantic.dev/latest/api/pydantic_core/#pydantic_core.ErrorDetails
    """
    plain = _PLAIN.get(error["type"])
    text = (
        plain.format_map(error.get("ctx", {})) if plain else str(error["msg"]).removeprefix("Value error, ")
    )
    # A model's own check has the whole model as its input, which says nothing.
    return (
        text
        if isinstance(error["input"], dict | BaseModel)
        else f"{text} (got {shortened(repr(error['input']))})"
    )


def shortened(text: str) -> str:
    """Return so much of a text of the user's as says which it is."""
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"


def _problem(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    return f"{place}: {problem_text(error)}" if place else problem_text(error)
