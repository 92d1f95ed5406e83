"""The usual update and condition expressions, read once per text.

moto reads an expression anew for each request, several times, and checks it in time that grows with the
square of its length: an update of twenty attributes took 20 ms. Most expressions are of few forms, on
attributes of the item itself, and those are read here:

    update    ::= clause { clause }
    clause    ::= SET set { "," set } | REMOVE name { "," name } | ADD name value { "," name value }
    set       ::= name "=" ( value | name ( "+" | "-" ) value | if_not_exists "(" name "," value ")" )
    condition ::= and { OR and }
    and       ::= not { AND not }
    not       ::= NOT not | "(" condition ")" | name ( "=" | "<>" ) value
                | name IN "(" value { "," value } ")"
                | ( attribute_exists | attribute_not_exists ) "(" name ")"

A name is a placeholder `#…` or plain, a value a placeholder `:…`. For all else the functions return None, and
moto does it. What is wrong is not read here either, so that its errors are moto's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(r"\s*(#[A-Za-z0-9_]+|:[A-Za-z0-9_]+|[A-Za-z_][A-Za-z0-9_]*|<>|[=,+()-])")

Value = Any
"""A stored value: moto's `DynamoType`."""
Test = Callable[[Mapping[str, Value], Mapping[str, str], Mapping[str, Value]], bool]
"""Evaluates a condition on attributes, with names and values of the placeholders."""


@dataclass(frozen=True)
class Assignment:
    """`target = value`, `target = source + value`, or `value` only where `source` is missing."""

    target: str
    value: str
    source: str | None = None
    operator: str = ""


@dataclass
class Used:
    """The names and values that an expression mentions, as they are written."""

    names: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Update:
    """An update expression."""

    sets: tuple[Assignment, ...]
    removes: tuple[str, ...]
    adds: tuple[Assignment, ...]
    used: Used


@dataclass(frozen=True)
class Condition:
    """A condition expression."""

    test: Test
    used: Used


class _NotPlainError(Exception):
    """The text has another form."""


@lru_cache(maxsize=512)
def read_update(text: str) -> Update | None:
    """Read an update expression; None when it is not plain."""
    try:
        return _Reader(text).update()
    except _NotPlainError:
        return None


@lru_cache(maxsize=512)
def read_condition(text: str) -> Condition | None:
    """Read a condition expression; None when it is not plain."""
    try:
        return _Reader(text).whole_condition()
    except _NotPlainError:
        return None


class _Reader:
    """Reads one text by recursive descent."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._position = 0
        self._used = Used()

    def update(self) -> Update:
        sets: list[Assignment] = []
        removes: list[str] = []
        adds: list[Assignment] = []
        while self._peek():
            if self._takes("SET"):
                self._items(lambda: sets.append(self._set()))
            elif self._takes("REMOVE"):
                self._items(lambda: removes.append(self._name()))
            elif self._takes("ADD"):
                self._items(lambda: adds.append(Assignment(self._name(), self._value())))
            else:
                raise _NotPlainError
        return Update(tuple(sets), tuple(removes), tuple(adds), self._used)

    def whole_condition(self) -> Condition:
        test = self._condition()
        if self._peek():
            raise _NotPlainError
        return Condition(test, self._used)

    def _items(self, read_one: Callable[[], None]) -> None:
        read_one()
        while self._takes(","):
            read_one()

    def _set(self) -> Assignment:
        target = self._name()
        self._expect("=")
        if self._peek().startswith(":"):
            value = self._value()
            if self._peek() in ("+", "-"):
                raise _NotPlainError
            return Assignment(target, value)
        if self._takes("IF_NOT_EXISTS"):
            self._expect("(")
            source = self._name()
            self._expect(",")
            assignment = Assignment(target, self._value(), source, "if_not_exists")
            self._expect(")")
            return assignment
        source, operator = self._name(), self._take()
        if operator not in ("+", "-"):
            raise _NotPlainError
        return Assignment(target, self._value(), source, operator)

    def _condition(self) -> Test:
        tests = [self._and()]
        while self._takes("OR"):
            tests.append(self._and())
        return tests[0] if len(tests) == 1 else lambda *given: any(test(*given) for test in tests)

    def _and(self) -> Test:
        tests = [self._not()]
        while self._takes("AND"):
            tests.append(self._not())
        return tests[0] if len(tests) == 1 else lambda *given: all(test(*given) for test in tests)

    def _not(self) -> Test:
        if self._takes("NOT"):
            inner = self._not()
            return lambda *given: not inner(*given)
        if self._takes("("):
            inner = self._condition()
            self._expect(")")
            return inner
        for function, wanted in (("ATTRIBUTE_EXISTS", True), ("ATTRIBUTE_NOT_EXISTS", False)):
            if self._takes(function):
                return self._presence(wanted)
        return self._comparison()

    def _presence(self, wanted: bool) -> Test:
        self._expect("(")
        name = self._name()
        self._expect(")")
        return lambda attributes, names, _values: (names.get(name, name) in attributes) is wanted

    def _comparison(self) -> Test:
        name, operator = self._name(), self._take().upper()
        if operator == "IN":
            self._expect("(")
            members: list[str] = []
            self._items(lambda: members.append(self._value()))
            self._expect(")")
        elif operator in ("=", "<>"):
            members = [self._value()]
        else:
            raise _NotPlainError
        wanted = operator != "<>"

        def test(
            attributes: Mapping[str, Value], names: Mapping[str, str], values: Mapping[str, Value]
        ) -> bool:
            found = attributes.get(names.get(name, name))
            is_equal = found is not None and any(_equal(found, values[member]) for member in members)
            return is_equal is wanted

        return test

    def _peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._position += 1
        return token

    def _takes(self, wanted: str) -> bool:
        if self._peek().upper() != wanted:
            return False
        self._position += 1
        return True

    def _expect(self, wanted: str) -> None:
        if not self._takes(wanted):
            raise _NotPlainError

    def _name(self) -> str:
        token = self._take()
        if not token or not (token[0] == "#" or token[0].isalpha() or token[0] == "_"):
            raise _NotPlainError
        self._used.names.add(token)
        return token

    def _value(self) -> str:
        token = self._take()
        if not token.startswith(":"):
            raise _NotPlainError
        self._used.values.add(token)
        return token


def _equal(one: Value, other: Value) -> bool:
    """Numbers are equal by value: 1 and 1.0 are the same."""
    if one.type != other.type:
        return False
    return bool(one.value == other.value or (one.type == "N" and one.cast_value == other.cast_value))


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position, text = 0, text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _NotPlainError
        tokens.append(match.group(1))
        position = match.end()
    return tokens
