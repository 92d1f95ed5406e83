"""What a scenario asks for, as data.

A workload says nothing about where the files go or how: it can be read, checked and changed by the command
line without starting anything. Every problem is reported at once, before the first byte of load.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harness.exceptions import UsageError
from harness.load.schedule import ArrivalsName
from harness.load.sizes import SMALL_CSV, PositiveFloat, PositiveInt, SizeClass

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]
Count = Annotated[int, Field(ge=0, strict=True)]
Text = Annotated[str, Field(min_length=1)]


class Workload(BaseModel):
    """A scenario's load: `WORKLOAD = Workload(…)` in its file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: Text
    """One sentence for the list of scenarios."""
    rate_per_s: PositiveFloat
    """Files per second that are put on offer, on average."""
    arrivals: ArrivalsName = "poisson"
    sizes: Annotated[tuple[SizeClass, ...], Field(min_length=1)] = SMALL_CSV
    customers: PositiveInt = 20
    """Logins among which the files are spread evenly; a stack with fewer uses those it has."""
    fresh_session_share: Share = 0.0
    """Part of the files that connect, upload and disconnect. The others use sessions that stay open."""
    minutes: PositiveFloat | None = None
    """How long files are offered, unless the command line says otherwise."""
    files: PositiveInt | None = None
    """How many files are offered; with `minutes`, whichever comes first."""
    thresholds: tuple[Text, ...] = ()
    """Such as `end_to_end.p99 < 5s`: what must hold for the run to pass."""
    allowed_failed: Count = 0
    allowed_dlq: Count = 0
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
    upload_timeout_s: PositiveFloat = 60.0
    """From the request to open the file to the confirmed close."""

    @model_validator(mode="after")
    def _ends(self) -> Workload:
        if self.minutes is None and self.files is None:
            raise ValueError("minutes or files is needed: a load must end")
        return self

    def changed(
        self, *, rate_per_s: float | None = None, duration_s: float | None = None, files: int | None = None
    ) -> Workload:
        """Return the workload with what the command line asks for; `None` keeps the scenario's value.

        A duration or a number of files replaces both of the scenario's limits.

        :raises UsageError: with all problems of the new values
        """
        changes: dict[str, Any] = {}
        if rate_per_s is not None:
            changes["rate_per_s"] = rate_per_s
        if duration_s is not None or files is not None:
            changes |= {"minutes": None if duration_s is None else duration_s / 60, "files": files}
        with problems_as_usage_error("the load cannot be run"):
            return Workload.model_validate(dict(self) | changes)

    @property
    def duration_s(self) -> float | None:
        return None if self.minutes is None else self.minutes * 60


@contextmanager
def problems_as_usage_error(what: str) -> Iterator[None]:
    """Turn pydantic's list of problems into one `UsageError` that names every one of them."""
    try:
        yield
    except ValidationError as exc:
        problems = [_problem(error) for error in exc.errors(include_url=False)]
        raise UsageError(f"{what}: " + "; ".join(problems)) from exc


def _problem(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    text = str(error["msg"]).removeprefix("Value error, ")
    # A model's own check has the whole model as its input, which says nothing.
    given = "" if isinstance(error["input"], dict | BaseModel) else f" (got {error['input']!r})"
    return f"{place}: {text}{given}" if place else text
