"""`--set field=value`: any field of a workload from the command line, checked as the workload itself is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.exceptions import UsageError
from harness.load.reading import document
from harness.load.workload import Workload, problems_as_usage_error, shortened

_HINT = (
    "for example --set customers=50, --set sizes.0.max_bytes=5GiB, "
    "--set 'behaviours=[{kind: poison, share: 0.1}]'"
)


class _OverrideError(Exception):
    """One `--set` that cannot be applied."""


def with_overrides(workload: Workload, texts: Sequence[str]) -> Workload:
    """Return the workload with the fields set, in the order given.

    Values are YAML. A name with dots goes into a field: by name, or by number in a list.

    :raises UsageError: with everything that is wrong
    """
    if not texts:
        return workload
    data, problems = workload.model_dump(mode="json"), []
    for text in texts:
        try:
            _apply(data, text)
        except _OverrideError as exc:
            problems.append(f"--set {shortened(text)}: {exc}")
    if problems:
        raise UsageError("; ".join(problems), hint=_HINT)
    with problems_as_usage_error("the workload cannot be changed so", hint=_HINT):
        return Workload.model_validate(data)


def _apply(data: Any, text: str) -> None:
    name, separator, value_text = text.partition("=")
    if not separator or not name:
        raise _OverrideError("it is not of the form FIELD=VALUE")
    *way, last = name.split(".")
    place = data
    for part in way:
        place = _inner(place, part)
    value = _value(value_text)
    if isinstance(place, list):
        place[_index(place, last)] = value
    elif isinstance(place, dict):
        place[last] = value
    else:
        raise _OverrideError(f"there is nothing to set in {'.'.join(way)}")


def _inner(place: Any, part: str) -> Any:
    if isinstance(place, list):
        return place[_index(place, part)]
    if isinstance(place, dict) and part in place:
        return place[part]
    known = f"; known: {', '.join(place)}" if isinstance(place, dict) else ""
    raise _OverrideError(f"there is no field {part!r}{known}")


def _index(items: list[Any], part: str) -> int:
    if not part.isdecimal() or int(part) >= len(items):
        raise _OverrideError(f"{part!r} is not the number of one of {len(items)} items, counted from 0")
    return int(part)


def _value(text: str) -> Any:
    try:
        return document.value(text)
    except document.DocumentError as exc:
        told = "; ".join(problem.text for problem in exc.problems)
        raise _OverrideError(f"the value cannot be used: {told}") from exc
