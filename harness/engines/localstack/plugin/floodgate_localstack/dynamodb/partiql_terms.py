"""The terms of PartiQL: tokens, and values with the places of their parameters. Used by `partiql`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

AttributeValue = dict[str, Any]
"""A value as DynamoDB's JSON has it, e.g. `{"S": "text"}`."""

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<symbol><<|>>|<>|!=|<=|>=|[?{}\[\]():,=<>.*+-])
    )""",
    re.VERBOSE,
)
_LITERAL_WORDS: dict[str, AttributeValue] = {
    "TRUE": {"BOOL": True},
    "FALSE": {"BOOL": False},
    "NULL": {"NULL": True},
}


class PartiQLError(ValueError):
    """The statement cannot be read. The text is what AWS puts after `Statement wasn't well formed`."""


@dataclass(frozen=True)
class Token:
    kind: str
    text: str

    def is_symbol(self, *symbols: str) -> bool:
        return self.kind == "symbol" and self.text in symbols

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.upper() in words


@dataclass(frozen=True)
class Parameter:
    """The value of the n-th `?`."""

    position: int


@dataclass(frozen=True)
class Composite:
    """A list, map or set with parameters somewhere inside."""

    type_name: str
    parts: tuple[tuple[str, Any], ...]


def bind(template: Any, parameters: Sequence[AttributeValue]) -> AttributeValue:
    """Fill the parameters into a template. Raises `PartiQLError` when there are too few."""
    if isinstance(template, Parameter):
        if template.position >= len(parameters):
            raise PartiQLError("Number of parameters in request and statement don't match.")
        return parameters[template.position]
    if not isinstance(template, Composite):
        return template
    bound = [(name, bind(part, parameters)) for name, part in template.parts]
    if template.type_name == "M":
        return {"M": dict(bound)}
    if template.type_name == "L":
        return {"L": [value for _, value in bound]}
    return _set_of([value for _, value in bound])


def _set_of(members: list[AttributeValue]) -> AttributeValue:
    types = {next(iter(member)) for member in members}
    if len(types) != 1 or not types <= {"S", "N", "B"}:
        raise PartiQLError("The members of a set must all be strings, numbers or binaries")
    type_name = types.pop()
    return {f"{type_name}S": [member[type_name] for member in members]}


def _tokens(statement: str) -> list[Token]:
    tokens: list[Token] = []
    position = 0
    text = statement.strip().rstrip(";").rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise PartiQLError(f"Unexpected term at character {position + 1}")
        tokens.append(Token(match.lastgroup, match.group(match.lastgroup)))
        position = match.end()
    return tokens


class Cursor:
    """Walks the tokens of one statement and counts its parameters.

    :raises PartiQLError: the text has no tokens of PartiQL
    """

    def __init__(self, statement: str) -> None:
        self._tokens = _tokens(statement)
        self._position = 0
        self._parameters = 0

    def peek(self) -> Token:
        if self._position >= len(self._tokens):
            return Token("end", "end of statement")
        return self._tokens[self._position]

    def take(self) -> Token:
        token = self.peek()
        self._position += 1
        return token

    def take_word(self, *words: str) -> bool:
        if self.peek().is_word(*words):
            self._position += 1
            return True
        return False

    def take_symbol(self, *symbols: str) -> bool:
        if self.peek().is_symbol(*symbols):
            self._position += 1
            return True
        return False

    def expect_word(self, *words: str) -> None:
        if not self.take_word(*words):
            raise PartiQLError(f"Expected {' or '.join(words)}, found {self.peek().text}")

    def expect_symbol(self, symbol: str) -> None:
        if not self.take_symbol(symbol):
            raise PartiQLError(f"Expected {symbol}, found {self.peek().text}")

    def name(self) -> str:
        """Take a table or attribute name; a dot and a dash may be part of an unquoted table name only."""
        token = self.take()
        if token.kind == "quoted":
            return token.text[1:-1].replace('""', '"')
        if token.kind == "word":
            return token.text
        raise PartiQLError(f"Expected a name, found {token.text}")

    def starts_value(self) -> bool:
        token = self.peek()
        is_literal = token.kind in ("string", "number") or token.is_symbol("?", "{", "[", "<<")
        return is_literal or token.is_word(*_LITERAL_WORDS)

    def value(self) -> Any:
        """Take a literal, a parameter or a composite, as a template for `bind`."""
        token = self.take()
        if token.is_symbol("?"):
            self._parameters += 1
            return Parameter(self._parameters - 1)
        if token.kind == "string":
            return {"S": token.text[1:-1].replace("''", "'")}
        if token.kind == "number":
            return {"N": token.text}
        if token.is_word(*_LITERAL_WORDS):
            return _LITERAL_WORDS[token.text.upper()]
        if token.is_symbol("{"):
            return self._map()
        if token.is_symbol("["):
            return self._sequence("L", "]")
        if token.is_symbol("<<"):
            return self._sequence("SET", ">>")
        raise PartiQLError(f"Unexpected term: {token.text}")

    def _map(self) -> Composite:
        parts: list[tuple[str, Any]] = []
        while not self.take_symbol("}"):
            key = self.take()
            if key.kind != "string":
                raise PartiQLError(f"Expected an attribute name in single quotes, found {key.text}")
            self.expect_symbol(":")
            parts.append((key.text[1:-1].replace("''", "'"), self.value()))
            if not self.take_symbol(","):
                self.expect_symbol("}")
                break
        return Composite("M", tuple(parts))

    def _sequence(self, type_name: str, end: str) -> Composite:
        parts: list[tuple[str, Any]] = []
        while not self.take_symbol(end):
            parts.append(("", self.value()))
            if not self.take_symbol(","):
                self.expect_symbol(end)
                break
        return Composite(type_name, tuple(parts))

    def expect_end(self) -> None:
        if self.peek().kind != "end":
            raise PartiQLError(f"Unexpected term: {self.peek().text}")
