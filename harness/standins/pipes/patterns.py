"""EventBridge event patterns, as far as a Pipe takes them.

A Pipe takes fewer operators than a rule: `wildcard` and the object forms of `anything-but` are for rules
only (column "Pipe support"). They are refused here as on AWS, so that no pattern works locally only.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

from harness.exceptions import UsageError

Test = Callable[[Any], bool]
"""Takes one value of an event that is no list and no object."""

_HINT = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html"
_OR: Final = "$or"
_RULES_ONLY = frozenset({"wildcard"})
NUMERIC_LIMIT: Final = 5.0e9
"""Numeric matching knows numbers from -5.0e9 to 5.0e9 alone; others match no `numeric`.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda value, limit: value == limit,
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
}


class EventPattern:
    """A pattern, checked when it is made and matched against events afterwards.

    :raises UsageError: it is no JSON, no pattern, or holds what a Pipe does not take
    """

    def __init__(self, text: str) -> None:
        try:
            pattern = json.loads(text)
        except ValueError as exc:
            raise _refusal(f"the event pattern is not JSON ({exc}): {text[:200]}") from exc
        self._fields = _Fields(pattern, "")

    def matches(self, event: Any) -> bool:
        """Tell whether an event, as parsed JSON, has everything that the pattern asks for."""
        return self._fields.match(event)


class _Fields:
    """The fields of one object of a pattern: all of them must match, and one of each `$or`."""

    def __init__(self, pattern: Any, path: str) -> None:
        if not isinstance(pattern, dict) or not pattern:
            raise _refusal(f"the event pattern has no fields at {path or 'its top'}")
        self._alternatives = [_Fields(part, path) for part in _alternatives(pattern, path)]
        self._nested: dict[str, _Fields] = {}
        self._leaves: dict[str, _Leaf] = {}
        for name, value in pattern.items():
            if name == _OR:
                continue
            if isinstance(value, dict):
                self._nested[name] = _Fields(value, f"{path}.{name}")
            else:
                self._leaves[name] = _Leaf(value, f"{path}.{name}")

    def match(self, event: Any) -> bool:
        """A list of objects matches when one of its objects does."""
        if isinstance(event, list):
            return any(self.match(element) for element in event)
        fields = event if isinstance(event, dict) else {}
        return (
            all(leaf.match(fields.get(name, _ABSENT)) for name, leaf in self._leaves.items())
            and all(nested.match(fields.get(name)) for name, nested in self._nested.items())
            and (not self._alternatives or any(part.match(fields) for part in self._alternatives))
        )


def _alternatives(pattern: dict[str, Any], path: str) -> list[Any]:
    parts = pattern.get(_OR, [])
    if not isinstance(parts, list) or len(parts) == 1:
        raise _refusal(f"{_OR} at {path or 'the top'} needs a list of two objects or more")
    return parts


class _Absent:
    """What a field that is not there has for a value."""


_ABSENT = _Absent()


class _Leaf:
    """The list of alternatives for one field."""

    def __init__(self, alternatives: Any, path: str) -> None:
        if not isinstance(alternatives, list) or not alternatives:
            raise _refusal(f"{path} in the event pattern needs a list of values, not {alternatives!r}")
        self._absence_matches = any(_is_absence(alternative) for alternative in alternatives)
        self._tests = [
            _test_of(alternative, path) for alternative in alternatives if not _is_absence(alternative)
        ]

    def match(self, value: Any) -> bool:
        if value is _ABSENT or isinstance(value, dict):
            return self._absence_matches
        if isinstance(value, list):
            return any(self.match(element) for element in value)
        return any(test(value) for test in self._tests)


def _is_absence(alternative: Any) -> bool:
    return isinstance(alternative, dict) and alternative.get("exists") is False


def _test_of(alternative: Any, path: str) -> Test:
    if not isinstance(alternative, dict):
        return _equal(alternative, path)
    if len(alternative) != 1:
        raise _refusal(f"{path} in the event pattern has {len(alternative)} operators in one object")
    ((operator, argument),) = alternative.items()
    if operator in _RULES_ONLY:
        raise _refusal(f"{path}: a Pipe does not take {operator!r}, only a rule does")
    if operator not in _OPERATORS:
        raise _refusal(f"{path}: there is no operator {operator!r}")
    return _OPERATORS[operator](argument, path)


def _equal(wanted: Any, path: str) -> Test:
    """EventBridge compares the text of numbers: 300, 300.0 and 3.0e2 differ from each other."""
    if isinstance(wanted, list):
        raise _refusal(f"{path} in the event pattern has a list inside its list")
    text = json.dumps(wanted)
    return lambda value: json.dumps(value) == text


def _exists(argument: Any, path: str) -> Test:
    if argument is not True:
        raise _refusal(f"{path}: `exists` is true or false, not {argument!r}")
    return lambda _: True


def _prefix(argument: Any, path: str) -> Test:
    text, fold = _text_or_ignore_case(argument, path, "prefix")
    return lambda value: isinstance(value, str) and fold(value).startswith(text)


def _suffix(argument: Any, path: str) -> Test:
    text, fold = _text_or_ignore_case(argument, path, "suffix")
    return lambda value: isinstance(value, str) and fold(value).endswith(text)


def _text_or_ignore_case(argument: Any, path: str, operator: str) -> tuple[str, Callable[[str], str]]:
    """Return the text that is looked for, and what is done to a value before it is compared."""
    if isinstance(argument, str):
        return argument, lambda value: value
    inner = argument.get("equals-ignore-case") if isinstance(argument, dict) and len(argument) == 1 else None
    if not isinstance(inner, str):
        raise _refusal(f"{path}: `{operator}` takes a text or {{'equals-ignore-case': text}}")
    return inner.lower(), str.lower


def _equals_ignore_case(argument: Any, path: str) -> Test:
    if not isinstance(argument, str):
        raise _refusal(f"{path}: `equals-ignore-case` takes a text")
    wanted = argument.lower()
    return lambda value: isinstance(value, str) and value.lower() == wanted


def _anything_but(argument: Any, path: str) -> Test:
    if isinstance(argument, dict):
        raise _refusal(
            f"{path}: a Pipe takes `anything-but` with values only; {argument} works in rules alone"
        )
    values = argument if isinstance(argument, list) else [argument]
    is_text = all(isinstance(value, str) for value in values)
    if not values or not (is_text or all(_is_number(value) for value in values)):
        raise _refusal(f"{path}: `anything-but` takes texts only or numbers only")
    refused = {json.dumps(value) for value in values}
    return lambda value: json.dumps(value) not in refused


def _numeric(argument: Any, path: str) -> Test:
    if not isinstance(argument, list) or len(argument) not in (2, 4):
        raise _refusal(f"{path}: `numeric` takes one or two pairs of operator and number")
    pairs = list(zip(argument[::2], argument[1::2], strict=True))
    for operator, limit in pairs:
        if operator not in _COMPARISONS or not _is_number(limit) or abs(limit) > NUMERIC_LIMIT:
            raise _refusal(f"{path}: `numeric` does not take {operator!r} {limit!r}")
    return lambda value: (
        _is_number(value)
        and abs(value) <= NUMERIC_LIMIT
        and all(_COMPARISONS[operator](value, limit) for operator, limit in pairs)
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cidr(argument: Any, path: str) -> Test:
    try:
        network = ip_network(argument, strict=False)
    except ValueError as exc:
        raise _refusal(f"{path}: `cidr` takes a network such as 10.0.0.0/24: {exc}") from exc
    return lambda value: (address := _address(value)) is not None and address in network


def _address(value: Any) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(value) if isinstance(value, str) else None
    except (AddressValueError, ValueError):
        return None


def _refusal(message: str) -> UsageError:
    return UsageError(message, hint=f"what patterns of Pipes may hold: {_HINT}")


_OPERATORS: Mapping[str, Callable[[Any, str], Test]] = {
    "exists": _exists,
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
}
