"""Input templates of Pipes: text with `<$.path>` and `<aws.pipes.…>` in it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from harness.clock import now, to_iso
from harness.exceptions import UsageError
from harness.standins.pipes.events import with_parsed_body
from harness.standins.pipes.paths import MISSING, JsonPath

_VARIABLE = re.compile(r"<(\$[^<>]*|aws\.pipes\.[a-z.-]+)>")
RESERVED: Final = frozenset(
    f"aws.pipes.{name}"
    for name in (
        "pipe-arn",
        "pipe-name",
        "source-arn",
        "enrichment-arn",
        "target-arn",
        "event.ingestion-time",
        "event",
        "event.json",
    )
)
"""https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html#input-transform-reserved"""


@dataclass(frozen=True)
class _Variable:
    """One place in a template; `quoted` when it stands inside a JSON string."""

    path: JsonPath | None
    reserved: str
    quoted: bool


class InputTemplate:
    """A template, checked when it is made.

    :param names: values of the reserved variables that are the same for every event
    :raises UsageError: it names a path or a reserved variable that Pipes do not have
    """

    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self._names = names
        self._parts = list(_parts(text.strip()))

    def render(self, event: Any) -> str:
        """Return what the target or the enrichment gets for one event.

        A template that is a variable alone gives the plain text of a string. In JSON, a string gets its
        quotes where the template has none. A path that leads nowhere gives an empty string.
        """
        parsed = with_parsed_body(event)
        if len(self._parts) == 1 and isinstance(self._parts[0], _Variable):
            return _plain(self._value(self._parts[0], event, parsed))
        return "".join(
            part if isinstance(part, str) else _inserted(self._value(part, event, parsed), quoted=part.quoted)
            for part in self._parts
        )

    def _value(self, variable: _Variable, event: Any, parsed: Any) -> Any:
        if variable.path is not None:
            found = variable.path.find(parsed)
            return "" if found is MISSING else found
        if variable.reserved == "aws.pipes.event.ingestion-time":
            return to_iso(now())
        if variable.reserved == "aws.pipes.event":
            return event
        if variable.reserved == "aws.pipes.event.json":
            return parsed
        return self._names.get(variable.reserved, "")


def _parts(text: str) -> list[str | _Variable]:
    parts: list[str | _Variable] = []
    end = 0
    quotes = 0
    for found in _VARIABLE.finditer(text):
        before = text[end : found.start()]
        quotes += _quotes(before)
        parts += [before] if before else []
        parts.append(_variable(found[1], quoted=quotes % 2 == 1))
        end = found.end()
    return [*parts, text[end:]] if end < len(text) or not parts else parts


def _quotes(text: str) -> int:
    """Count the quotes that begin or end a JSON string."""
    return len(re.sub(r"\\.", "", text, flags=re.DOTALL).split('"')) - 1


def _variable(name: str, *, quoted: bool) -> _Variable:
    if name.startswith("$"):
        return _Variable(JsonPath(name), "", quoted)
    if name not in RESERVED:
        raise UsageError(
            f"the input template names <{name}>", hint=f"Pipes have: {', '.join(sorted(RESERVED))}"
        )
    return _Variable(None, name, quoted)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _inserted(value: Any, *, quoted: bool) -> str:
    text = json.dumps(value)
    if not quoted:
        return text
    return text[1:-1] if isinstance(value, str) else json.dumps(text)[1:-1]
