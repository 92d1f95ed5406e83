"""What a run is asked for with, over HTTP or in the form of the page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from harness.exceptions import UsageError
from harness.load.workload import problems_as_usage_error

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class RunRequest(BaseModel):
    """One run to be made. What is `None` is left to the scenario."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scenario: str
    minutes: Positive | None = None
    """How long files are offered."""
    files: Annotated[int, Field(gt=0)] | None = None
    """How many are offered."""
    rate: Positive | None = None
    """Files offered per second."""
    seed: Annotated[int, Field(ge=0)] = 1

    def options(self) -> list[str]:
        """Return the options of `floodgate run` that say the same."""
        given = self.model_dump(exclude={"scenario"}, exclude_none=True)
        return [f"--{name}={value}" for name, value in given.items()]


FIELDS = tuple(RunRequest.model_fields)


def from_json(content: Any, scenarios: Collection[str]) -> RunRequest:
    """Return what a JSON object asks for.

    :param scenarios: names that may be asked for
    :raises UsageError: something in it is wrong; all problems at once
    """
    with problems_as_usage_error("the request is wrong"):
        request = RunRequest.model_validate(content)
    if request.scenario not in scenarios:
        raise UsageError(f"there is no scenario {request.scenario!r}; known: {', '.join(scenarios)}")
    if request.minutes is not None and request.files is not None:
        raise UsageError("minutes and files exclude each other")
    return request


def from_form(form: Mapping[str, str], scenarios: Collection[str]) -> RunRequest:
    """Return what a form asks for; other fields are Locust's, and an empty one is none. Raises as above."""
    return from_json({name: form[name] for name in FIELDS if form.get(name)}, scenarios)
