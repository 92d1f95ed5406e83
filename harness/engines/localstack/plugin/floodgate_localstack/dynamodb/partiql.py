"""PartiQL for DynamoDB: statements that write, turned into DynamoDB expressions. Parsed once per text.

    INSERT INTO "table" VALUE {'name': value, …}
    UPDATE "table" SET path = value [, …] [SET …] [REMOVE path …] WHERE condition [RETURNING ALL OLD|NEW *]
    DELETE FROM "table" WHERE condition [RETURNING ALL OLD *]

`value` is a literal, `?`, a list, a map, a set (`<<…>>`) or, in SET, an expression of those and paths. The
condition of a WHERE clause becomes a condition expression, but for the equalities on the key attributes,
which name the row. SELECT is not parsed here (moto's own parser reads it), only its table is found.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.statements.html
Imports neither LocalStack nor moto.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
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
_OPERATOR_WORDS = frozenset({"AND", "OR", "NOT", "IN", "BETWEEN"})
_CLAUSE_WORDS = frozenset({"SET", "REMOVE", "WHERE", "RETURNING"})
_LITERAL_WORDS: dict[str, AttributeValue] = {
    "TRUE": {"BOOL": True},
    "FALSE": {"BOOL": False},
    "NULL": {"NULL": True},
}
_TABLE = re.compile(r'\b(?:INTO|FROM|UPDATE)\s+(?:"((?:[^"]|"")+)"|([A-Za-z0-9_.-]+))', re.IGNORECASE)


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


@dataclass
class Expression:
    """A DynamoDB expression with its placeholders; `values` hold templates that `bind` fills in."""

    text: str = ""
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Insert:
    table: str
    item: Any
    """Template of a map; `bind` gives `{"M": {…}}`."""


@dataclass(frozen=True)
class Change:
    """An UPDATE or a DELETE."""

    table: str
    update: str | None
    """The update expression; None deletes the row."""
    equalities: tuple[tuple[str, Any], ...]
    """Attribute and template of each `attribute = value` that all rows must fulfil; the key is among them."""
    condition_of: tuple[tuple[str, str], ...]
    """Each part of the WHERE clause joined by AND: the attribute of such an equality or "", and its text."""
    names: dict[str, str]
    values: dict[str, Any]
    returning: str | None
    """`OLD`, `NEW` or None."""


def table_of(statement: str) -> str:
    """Return the name of the table that a statement concerns; empty when there is none."""
    match = _TABLE.search(statement)
    return (match.group(1) or match.group(2)).replace('""', '"') if match else ""


@lru_cache(maxsize=512)
def parse(statement: str) -> Insert | Change | None:
    """Parse a statement that writes; None for SELECT and what else moto has to read.

    :raises PartiQLError: it is not well formed
    """
    cursor = _Cursor(_tokens(statement))
    if cursor.take_word("INSERT"):
        return _insert(cursor)
    if cursor.take_word("UPDATE"):
        return _update(cursor)
    if cursor.take_word("DELETE"):
        return _delete(cursor)
    return None


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


class _Cursor:
    """Walks the tokens of one statement and counts its parameters."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
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


def _insert(cursor: _Cursor) -> Insert:
    cursor.expect_word("INTO")
    table = cursor.name()
    cursor.expect_word("VALUE")
    if not cursor.peek().is_symbol("{"):
        raise PartiQLError("Expected a map after VALUE")
    item = cursor.value()
    cursor.expect_end()
    return Insert(table, item)


def _update(cursor: _Cursor) -> Change:
    table = cursor.name()
    writer = _ExpressionWriter(cursor)
    clauses: dict[str, list[str]] = {}
    while cursor.peek().is_word("SET", "REMOVE"):
        clause = cursor.take().text.upper()
        clauses.setdefault(clause, []).append(writer.until_clause())
    if not clauses:
        raise PartiQLError("Expected SET or REMOVE")
    update = " ".join(f"{clause} {', '.join(parts)}" for clause, parts in clauses.items())
    return _change(cursor, writer, table, update)


def _delete(cursor: _Cursor) -> Change:
    cursor.expect_word("FROM")
    table = cursor.name()
    return _change(cursor, _ExpressionWriter(cursor), table, None)


def _change(cursor: _Cursor, writer: _ExpressionWriter, table: str, update: str | None) -> Change:
    cursor.expect_word("WHERE")
    equalities, parts = writer.where()
    returning = None
    if cursor.take_word("RETURNING"):
        cursor.expect_word("ALL")
        returning = cursor.take().text.upper()
        cursor.expect_symbol("*")
    cursor.expect_end()
    if returning not in (None, "OLD", "NEW"):
        raise PartiQLError(f"Unexpected term: {returning}")
    return Change(table, update, equalities, parts, writer.names, writer.values, returning)


class _ExpressionWriter:
    """Turns PartiQL into DynamoDB's expression syntax, every name and value by placeholder."""

    def __init__(self, cursor: _Cursor) -> None:
        self._cursor = cursor
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def until_clause(self) -> str:
        pieces: list[str] = []
        while self._cursor.peek().kind != "end" and not self._cursor.peek().is_word(*_CLAUSE_WORDS):
            pieces.append(self._piece())
        return " ".join(pieces)

    def where(self) -> tuple[tuple[tuple[str, Any], ...], tuple[tuple[str, str], ...]]:
        """Return the plain equalities, and all parts that are joined by AND with their text."""
        equalities: list[tuple[str, Any]] = []
        parts: list[tuple[str, str]] = []
        pieces: list[str] = []
        depth = between = 0
        while True:
            token = self._cursor.peek()
            at_end = token.kind == "end" or token.is_word("RETURNING")
            if at_end or (token.is_word("AND") and not depth and not between):
                parts.append((self._equality(pieces, equalities), " ".join(pieces)))
                pieces = []
                if at_end:
                    break
                self._cursor.take()
                continue
            depth += token.is_symbol("(") - token.is_symbol(")")
            between += token.is_word("BETWEEN") - (token.is_word("AND") and between > 0)
            pieces.append(self._piece())
        if any(" OR " in f" {text} " and not text.startswith("(") for _, text in parts):
            # A bare OR binds weaker than AND: then no equality is certain for all rows.
            return (), (("", " AND ".join(text for _, text in parts)),)
        return tuple(equalities), tuple(parts)

    def _equality(self, pieces: list[str], equalities: list[tuple[str, Any]]) -> str:
        if len(pieces) == 3 and pieces[0] in self.names and pieces[1] == "=" and pieces[2] in self.values:
            name = self.names[pieces[0]]
            equalities.append((name, self.values[pieces[2]]))
            return name
        return ""

    def _piece(self) -> str:
        cursor = self._cursor
        if cursor.starts_value():
            return self._placeholder_of_value(cursor.value())
        token = cursor.peek()
        if token.is_word(*_OPERATOR_WORDS):
            return cursor.take().text.upper()
        if token.kind in ("word", "quoted"):
            return self._path_or_function()
        cursor.take()
        return "<>" if token.text == "!=" else token.text

    def _path_or_function(self) -> str:
        cursor = self._cursor
        name = cursor.name()
        if cursor.peek().is_symbol("("):
            return name.lower()
        path = self._placeholder_of_name(name)
        while cursor.peek().is_symbol(".", "["):
            path += self._step()
        return self._with_is(path)

    def _step(self) -> str:
        cursor = self._cursor
        if cursor.take_symbol("."):
            return "." + self._placeholder_of_name(cursor.name())
        cursor.expect_symbol("[")
        index = cursor.take().text
        cursor.expect_symbol("]")
        return f"[{index}]"

    def _with_is(self, path: str) -> str:
        """`IS [NOT] MISSING` and `IS [NOT] NULL` are functions in DynamoDB's own syntax."""
        cursor = self._cursor
        if not cursor.take_word("IS"):
            return path
        negated = cursor.take_word("NOT")
        if cursor.take_word("MISSING"):
            return f"attribute_exists({path})" if negated else f"attribute_not_exists({path})"
        cursor.expect_word("NULL")
        test = f"attribute_type({path}, {self._placeholder_of_value({'S': 'NULL'})})"
        return f"NOT {test}" if negated else test

    def _placeholder_of_name(self, name: str) -> str:
        for placeholder, known in self.names.items():
            if known == name:
                return placeholder
        placeholder = f"#n{len(self.names)}"
        self.names[placeholder] = name
        return placeholder

    def _placeholder_of_value(self, template: Any) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = template
        return placeholder
