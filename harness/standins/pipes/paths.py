"""JSON paths as Pipes know them: names, indices and wildcards, nothing more.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
"""

from __future__ import annotations

import re
from typing import Any, Final

from harness.exceptions import UsageError

_STEP = re.compile(
    r"\.(?P<name>[A-Za-z0-9_/-]+)|\[(?P<index>\d+)\]|(?P<any>\.\*|\[\*\])|\['(?P<quoted>[^']+)'\]"
)
_HINT = "a path is $ and then .name, [0], [*] or .*"


class Missing:
    """What a path leads to where the event has nothing."""


MISSING: Final = Missing()


class JsonPath:
    """A path into an event, such as `$.body.detail.object.key`.

    :raises UsageError: Pipes do not take such a path
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._steps = list(_steps(text))

    def find(self, event: Any) -> Any:
        """Return the value there, a list of values after a wildcard, or `MISSING`."""
        return _walk(event, self._steps)


def _steps(text: str) -> list[str | int | None]:
    """Return the names and indices of a path; None stands for a wildcard."""
    if not text.startswith("$"):
        raise UsageError(f"not a JSON path: {text!r}", hint=_HINT)
    steps: list[str | int | None] = []
    position = 1
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            raise UsageError(f"Pipes do not take the JSON path {text!r}", hint=_HINT)
        steps.append(_step(found))
        position = found.end()
    return steps


def _step(found: re.Match[str]) -> str | int | None:
    if found["any"]:
        return None
    return int(found["index"]) if found["index"] else found["name"] or found["quoted"]


def _walk(value: Any, steps: list[str | int | None]) -> Any:
    for position, step in enumerate(steps):
        if step is None:
            return _walk_all(value, steps[position + 1 :])
        value = _child(value, step)
        if value is MISSING:
            return MISSING
    return value


def _walk_all(value: Any, steps: list[str | int | None]) -> list[Any]:
    children = list(value.values()) if isinstance(value, dict) else value
    found = [_walk(child, steps) for child in children] if isinstance(children, list) else []
    return [child for child in found if child is not MISSING]


def _child(value: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else MISSING
    return value.get(step, MISSING) if isinstance(value, dict) else MISSING
