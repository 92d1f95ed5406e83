"""Texts of a policy that are compared with texts of a request: wildcards and policy variables.

A text is cut into tokens first, so that what a variable stands for is always taken literally: a user called
`*` reaches nothing but the name `*`. Wildcards:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
Variables: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Protocol

Values = Mapping[str, str]
"""Variable to value; names in lower case, because IAM's names have no case."""

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_DEFAULT = re.compile(r"(?s)\s*([^,]*?)\s*,\s*'(.*)'\s*")
_ESCAPED = frozenset("*?$")
_ARN_FIELDS = 5
"""Colons before the part of an ARN that names the resource, which may have colons of its own."""


class Wild(Enum):
    """`*` and `?`."""

    MANY = "*"
    ONE = "?"


@dataclass(frozen=True)
class Variable:
    """`${name}` or `${name, 'default'}`; `name` is in lower case."""

    name: str
    default: str | None = None


Token = str | Wild | Variable


class Kind(Enum):
    """How wildcards and ARNs are read."""

    TEXT = "wildcards match anything"
    ARN = "wildcards inside one of the first five fields do not match a colon"
    RESOURCE = "as ARN, but `*` at the end of a field does"
    LITERAL = "no wildcards, as in StringEquals"


class Pattern(Protocol):
    """One text of a policy, ready to be compared."""

    def matches(self, text: str, variables: Values) -> bool:
        """Tell whether it fits; a variable that has no value fits nothing."""

    def is_resolvable(self, variables: Values) -> bool:
        """Tell whether every variable has a value."""


def any_matches(patterns: tuple[Pattern, ...], text: str, variables: Values) -> bool:
    """A plain loop: this is asked several times in each operation."""
    for pattern in patterns:  # noqa: SIM110  (a generator costs more than most patterns)
        if pattern.matches(text, variables):
            return True
    return False


def tokens(text: str, *, kind: Kind, with_variables: bool, filled: Values) -> tuple[Token, ...]:
    """Cut a text of a policy into what is literal, wildcards and variables.

    :param with_variables: the policy is of version 2012-10-17; in older ones `${…}` is literal
    :param filled: variables that Transfer fills in before IAM sees the policy, in any version
    """
    found: list[Token] = []
    at = 0
    for match in _VARIABLE.finditer(text):
        found += _wildcards(text[at : match.start()], kind)
        if with_variables or match[1].lower() in filled:
            found.append(_variable(match[1], filled))
        else:
            found += _wildcards(match[0], kind)
        at = match.end()
    return tuple(found + _wildcards(text[at:], kind))


def _variable(name: str, filled: Values) -> Token:
    if name.lower() in filled:
        return filled[name.lower()]
    if name in _ESCAPED:
        return name
    if given := _DEFAULT.fullmatch(name):
        return Variable(given[1].lower(), given[2])
    return Variable(name.lower())


def _wildcards(text: str, kind: Kind) -> list[Token]:
    if kind is Kind.LITERAL:
        return [text] if text else []
    pieces = re.split(r"([*?])", text)
    return [Wild(piece) if piece in ("*", "?") else piece for piece in pieces if piece]


def compile_pattern(text: str, kind: Kind, *, with_variables: bool, filled: Values) -> Pattern:
    """Return the quickest pattern that fits; see `tokens` for the parameters."""
    parts = tokens(text, kind=kind, with_variables=with_variables, filled=filled)
    if any(isinstance(part, Variable) for part in parts):
        return _WithVariables(parts, kind)
    return _compile_fixed(parts, kind)


@lru_cache(maxsize=8192)
def _compile_fixed(parts: tuple[Token, ...], kind: Kind) -> Pattern:
    if parts == (Wild.MANY,):
        return _Anything()
    if Wild.MANY in parts or Wild.ONE in parts:
        return _Expression(re.compile(expression(parts, kind)))
    return _Literal("".join(map(str, parts)))


def expression(parts: Sequence[Token], kind: Kind) -> str:
    """Return the regular expression of tokens without variables.

    `*` and what follows up to the next `*` are atomic: they are tried at the first place only. That is enough
    where the next `*` can take what lies between, and keeps a pattern with many `*` from taking time that
    grows with a power of their number.
    """
    groups: list[tuple[str, list[str]]] = [("", [])]
    colons = 0
    for index, part in enumerate(parts):
        inside_a_field = kind is not Kind.TEXT and colons < _ARN_FIELDS
        if part is Wild.MANY:
            crosses = not inside_a_field or (kind is Kind.RESOURCE and _ends_a_field(parts, index))
            groups.append((_ANY_FIELD if not crosses else _ANY_FIELDS if inside_a_field else _ANY, []))
        elif part is Wild.ONE:
            groups[-1][1].append("[^:]" if inside_a_field else ".")
        else:
            groups[-1][1].append(re.escape(str(part)))
            colons += str(part).count(":")
    return _join([(star, "".join(pieces)) for star, pieces in groups])


_ANY = ".*?"
_ANY_FIELD = "[^:]*?"
_ANY_FIELDS = "(?:.*?)"
"""Matches what `_ANY` does; the `*` after it may be an `_ANY_FIELD`, which cannot take what lies between."""


def _join(groups: list[tuple[str, str]]) -> str:
    last = len(groups) - 1
    pieces = [
        f"(?>{star}{rest})" if star and star != _ANY_FIELDS and index < last else f"{star}{rest}"
        for index, (star, rest) in enumerate(groups)
    ]
    return f"(?s:{''.join(pieces)})"


def _ends_a_field(parts: Sequence[Token], index: int) -> bool:
    if index + 1 == len(parts):
        return True
    following = parts[index + 1]
    return isinstance(following, str) and following.startswith(":")


@dataclass(frozen=True)
class _Anything:
    def matches(self, text: str, variables: Values) -> bool:  # noqa: ARG002
        return True

    def is_resolvable(self, variables: Values) -> bool:  # noqa: ARG002
        return True


@dataclass(frozen=True)
class _Literal:
    literal: str

    def matches(self, text: str, variables: Values) -> bool:  # noqa: ARG002
        return text == self.literal

    def is_resolvable(self, variables: Values) -> bool:  # noqa: ARG002
        return True


@dataclass(frozen=True)
class _Expression:
    expression: re.Pattern[str]

    def matches(self, text: str, variables: Values) -> bool:  # noqa: ARG002
        return self.expression.fullmatch(text) is not None

    def is_resolvable(self, variables: Values) -> bool:  # noqa: ARG002
        return True


@dataclass(frozen=True)
class _WithVariables:
    parts: tuple[Token, ...]
    kind: Kind

    def matches(self, text: str, variables: Values) -> bool:
        if not self.is_resolvable(variables):
            return False
        parts = tuple(_value(part, variables) if isinstance(part, Variable) else part for part in self.parts)
        return _compile_fixed(parts, self.kind).matches(text, variables)

    def is_resolvable(self, variables: Values) -> bool:
        found = (part for part in self.parts if isinstance(part, Variable))
        return all(part.default is not None or part.name in variables for part in found)


def _value(variable: Variable, variables: Values) -> str:
    return variables.get(variable.name, variable.default or "")
