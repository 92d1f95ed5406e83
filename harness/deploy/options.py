"""What the user chooses about the pipeline: its way, its parts, and whose pipeline it is.

One object goes from the command line to the template. `None` and empty mean "as the template has it".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.exceptions import UsageError

ROUTES = ("queued", "direct", "nested", "queued-nested", "ecs")
"""The ways of a file through the pipeline, as the template's parameter `Route` names them."""
ROUTES_WITHOUT_QUEUE = frozenset({"direct", "nested"})
"""Here a rule starts the state machine itself. A Pipe and a FIFO queue need a queue to stand before."""
RECORDINGS = ("full", "lean")
_OPTION_OF_PARAMETER = {
    "Route": "--route",
    "Fifo": "--fifo",
    "Pipe": "--pipe",
    "Recording": "--recording",
}
_SET_BY_HARNESS = frozenset({"CodeBucket", "CodeKey", "DefinitionsPrefix"})


@dataclass(frozen=True)
class PipelineOptions:
    """Which pipeline, and which of its variants."""

    route: str = "queued"
    fifo: bool = False
    """FIFO work queue. A rule cannot set a group for each customer, so this implies `pipe`."""
    pipe: bool = False
    """An EventBridge Pipe (filter and enrichment) between the rule and the work."""
    recording: str | None = None
    """`full` or `lean`; None takes the template's default."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Any other parameter of the template; goes before those of the profile."""
    template: Path | None = None
    """The user's own CloudFormation template; None takes the pipeline's."""
    handlers: Path | None = None
    """Folder that is zipped as the Lambda package; None takes the pipeline's own code."""

    def __post_init__(self) -> None:
        if self.fifo:
            object.__setattr__(self, "pipe", True)

    def validate(self) -> None:
        """Raise `UsageError` that names every problem at once."""
        problems = [*self._route_problems(), *self._parameter_problems(), *self._path_problems()]
        if problems:
            raise UsageError("; ".join(problems))

    def to_json(self) -> dict[str, Any]:
        """Return the variant as `floodgate status --json` shows it, without the files of an own pipeline."""
        variant = {"route": self.route, "fifo": self.fifo, "pipe": self.pipe, "recording": self.recording}
        return {**variant, "own_code": self.template is not None or self.handlers is not None}

    def switches(self) -> dict[str, str]:
        """Return the template parameters that stand for these options."""
        chosen = {"Route": self.route, "Fifo": _text(self.fifo), "Pipe": _text(self.pipe)}
        return chosen if self.recording is None else {**chosen, "Recording": self.recording}

    def _route_problems(self) -> list[str]:
        problems = []
        if self.route not in ROUTES:
            problems.append(f"there is no route {self.route!r}; routes: {', '.join(ROUTES)}")
        if self.pipe and self.route in ROUTES_WITHOUT_QUEUE:
            option = "--fifo" if self.fifo else "--pipe"
            problems.append(
                f"{option} needs a queue, and the route {self.route!r} has none; "
                f"take {', '.join(route for route in ROUTES if route not in ROUTES_WITHOUT_QUEUE)}"
            )
        if self.recording not in (None, *RECORDINGS):
            problems.append(f"--recording is {' or '.join(RECORDINGS)}, not {self.recording!r}")
        return problems

    def _parameter_problems(self) -> list[str]:
        problems = [
            f"--parameter {name}: use {option}"
            for name, option in _OPTION_OF_PARAMETER.items()
            if name in self.parameters
        ]
        taken = sorted(_SET_BY_HARNESS & self.parameters.keys())
        return problems + [f"--parameter {name}: Floodgate sets it itself" for name in taken]

    def _path_problems(self) -> list[str]:
        problems = []
        if self.template is not None and not self.template.is_file():
            problems.append(f"--template {self.template} is no file")
        if self.handlers is not None and not self.handlers.is_dir():
            problems.append(f"--handlers {self.handlers} is no folder")
        return problems


def parse_parameters(pairs: Iterable[str]) -> dict[str, str]:
    """Return `KEY=VALUE` pairs as a mapping.

    :raises UsageError: a pair has no key or no `=`, or a key comes twice
    """
    parsed: dict[str, str] = {}
    problems = []
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not (key and separator):
            problems.append(f"--parameter {pair!r} is not KEY=VALUE")
        elif key in parsed:
            problems.append(f"--parameter {key} is given twice")
        else:
            parsed[key] = value
    if problems:
        raise UsageError("; ".join(problems))
    return parsed


def _text(value: bool) -> str:
    return "true" if value else "false"
