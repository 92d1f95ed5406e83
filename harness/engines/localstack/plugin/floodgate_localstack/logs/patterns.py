"""Filter patterns of CloudWatch Logs. Imports nothing of LocalStack.

    { $.status = "failed" && ($.size > 10 || $.kind != "csv*") }     conditions on events that are JSON
    ERROR "two words" -quiet ?either ?or                             terms in the text

Left out: patterns in brackets for events of fields between spaces, and regular expressions.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

Matcher = Callable[[str], bool]
Condition = Callable[[Any], bool]

_TERM = re.compile(r'([-?]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))')
_TOKEN = re.compile(
    r"\s*(?:(?P<op>&&|\|\||!=|>=|<=|[()=<>])"
    r"|(?P<path>\$[^\s()=!<>&|]*)"
    r'|"(?P<text>(?:[^"\\]|\\.)*)"'
    r"|(?P<word>[^\s()=!<>&|]+))"
)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']+)'\]")
_ABSENT = object()
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
}


class PatternError(ValueError):
    """A filter pattern that cannot be read, or of a kind that is left out."""


@lru_cache(maxsize=256)
def matcher(pattern: str) -> Matcher:
    """Return what tells whether a message matches; an empty pattern matches all.

    :raises PatternError: the pattern cannot be read
    """
    stripped = pattern.strip()
    if stripped.startswith("["):
        raise PatternError(f"patterns in brackets are not known here: {pattern}")
    if not stripped.startswith("{"):
        return _terms(stripped)
    if not stripped.endswith("}"):
        raise PatternError(f"no closing brace: {pattern}")
    condition = _Parser(stripped[1:-1]).whole()
    return lambda message: _json_matches(condition, message)


def value_at(document: Any, path: str) -> Any:
    """Return what stands at a path such as `$.a.b[0]`, or None."""
    found = _at(document, _steps(path))
    return None if found is _ABSENT else found


def _terms(pattern: str) -> Matcher:
    found = [(sign, quoted or word) for sign, quoted, word in _TERM.findall(pattern)]
    wanted, unwanted, either = ([term for sign, term in found if sign == mark] for mark in ("", "-", "?"))

    def matches(message: str) -> bool:
        return (
            all(term in message for term in wanted)
            and not any(term in message for term in unwanted)
            and (not either or any(term in message for term in either))
        )

    return matches


def _json_matches(condition: Condition, message: str) -> bool:
    if not message.lstrip().startswith("{"):
        return False
    try:
        return condition(json.loads(message))
    except ValueError:
        return False


class _Parser:
    """Recursive descent: `||` binds less than `&&`, a comparison most."""

    def __init__(self, text: str) -> None:
        self._tokens = [match for match in _TOKEN.finditer(text) if match.group().strip()]
        if "".join(match.group() for match in self._tokens).strip() != text.strip():
            raise PatternError(f"cannot be read: {text}")
        self._place = 0

    def whole(self) -> Condition:
        condition = self._either()
        if self._place < len(self._tokens):
            raise PatternError(f"not expected: {self._tokens[self._place].group()}")
        return condition

    def _either(self) -> Condition:
        left = self._both()
        while self._take("||"):
            left = _or(left, self._both())
        return left

    def _both(self) -> Condition:
        left = self._one()
        while self._take("&&"):
            left = _and(left, self._one())
        return left

    def _one(self) -> Condition:
        if self._take("("):
            inner = self._either()
            if not self._take(")"):
                raise PatternError("a bracket is not closed")
            return inner
        path = self._next()["path"]
        if path is None:
            raise PatternError("a condition begins with a path such as $.status")
        return self._comparison(_steps(path))

    def _comparison(self, steps: tuple[str | int, ...]) -> Condition:
        token = self._next()
        words = token["word"]
        if words in ("IS", "NOT"):
            return self._state(steps, f"{words} {self._next()['word']}")
        compared = _COMPARED.get(token["op"] or "")
        if compared is None:
            raise PatternError(f"no comparison: {token.group().strip()}")
        operand = self._next()
        if operand["text"] is None and _number(operand["word"]) is not None:
            return _numeric(steps, compared, float(operand["word"]))
        if token["op"] not in ("=", "!="):
            raise PatternError(f"{token['op']} compares with a number")
        text = operand["text"] if operand["text"] is not None else operand["word"]
        return _textual(steps, str(text), equal=token["op"] == "=")

    def _state(self, steps: tuple[str | int, ...], state: str) -> Condition:
        states: dict[str, Condition] = {
            "NOT EXISTS": lambda document: _at(document, steps) is _ABSENT,
            "IS NULL": lambda document: _at(document, steps) is None,
            "IS TRUE": lambda document: _at(document, steps) is True,
            "IS FALSE": lambda document: _at(document, steps) is False,
        }
        if state not in states:
            raise PatternError(f"not known: {state}")
        return states[state]

    def _take(self, operator: str) -> bool:
        found = self._place < len(self._tokens) and self._tokens[self._place]["op"] == operator
        self._place += found
        return found

    def _next(self) -> re.Match[str]:
        if self._place >= len(self._tokens):
            raise PatternError("the pattern ends too early")
        self._place += 1
        return self._tokens[self._place - 1]


def _or(left: Condition, right: Condition) -> Condition:
    return lambda document: left(document) or right(document)


def _and(left: Condition, right: Condition) -> Condition:
    return lambda document: left(document) and right(document)


def _numeric(
    steps: tuple[str | int, ...], compared: Callable[[float, float], bool], number: float
) -> Condition:
    def holds(document: Any) -> bool:
        found = _number(_at(document, steps))
        return found is not None and compared(found, number)

    return holds


def _textual(steps: tuple[str | int, ...], text: str, *, equal: bool) -> Condition:
    """`*` stands for anything; an event without the field matches neither."""

    def holds(document: Any) -> bool:
        found = _at(document, steps)
        if found is _ABSENT or isinstance(found, dict | list):
            return False
        shown = found if isinstance(found, str) else json.dumps(found)
        return fnmatchcase(shown, text.replace("[", "[[]")) is equal

    return holds


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _steps(path: str) -> tuple[str | int, ...]:
    rest = path[1:]
    if "".join(match.group() for match in _STEP.finditer(rest)) != rest:
        raise PatternError(f"no path: {path}")
    return tuple(int(index) if index else name or quoted for name, index, quoted in _STEP.findall(rest))


def _at(document: Any, steps: tuple[str | int, ...]) -> Any:
    for step in steps:
        if isinstance(step, int):
            if not isinstance(document, list) or step >= len(document):
                return _ABSENT
            document = document[step]
        elif isinstance(document, dict) and step in document:
            document = document[step]
        else:
            return _ABSENT
    return document
