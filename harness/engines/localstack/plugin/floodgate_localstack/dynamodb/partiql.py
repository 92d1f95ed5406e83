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
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from floodgate_localstack.dynamodb.partiql_terms import Cursor, PartiQLError, bind

__all__ = ["Change", "Insert", "PartiQLError", "bind", "parse", "table_of"]
_OPERATOR_WORDS = frozenset({"AND", "OR", "NOT", "IN", "BETWEEN"})
_CLAUSE_WORDS = frozenset({"SET", "REMOVE", "WHERE", "RETURNING"})
_TABLE = re.compile(r'\b(?:INTO|FROM|UPDATE)\s+(?:"((?:[^"]|"")+)"|([A-Za-z0-9_.-]+))', re.IGNORECASE)


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
    cursor = Cursor(statement)
    if cursor.take_word("INSERT"):
        return _insert(cursor)
    if cursor.take_word("UPDATE"):
        return _update(cursor)
    if cursor.take_word("DELETE"):
        return _delete(cursor)
    return None


def _insert(cursor: Cursor) -> Insert:
    cursor.expect_word("INTO")
    table = cursor.name()
    cursor.expect_word("VALUE")
    if not cursor.peek().is_symbol("{"):
        raise PartiQLError("Expected a map after VALUE")
    item = cursor.value()
    cursor.expect_end()
    return Insert(table, item)


def _update(cursor: Cursor) -> Change:
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


def _delete(cursor: Cursor) -> Change:
    cursor.expect_word("FROM")
    table = cursor.name()
    return _change(cursor, _ExpressionWriter(cursor), table, None)


def _change(cursor: Cursor, writer: _ExpressionWriter, table: str, update: str | None) -> Change:
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

    def __init__(self, cursor: Cursor) -> None:
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
        if token.is_word("IN"):
            cursor.take()
            return "IN " + self._members()
        if token.is_word(*_OPERATOR_WORDS):
            return cursor.take().text.upper()
        if token.kind in ("word", "quoted"):
            return self._path_or_function()
        cursor.take()
        return "<>" if token.text == "!=" else token.text

    def _members(self) -> str:
        """`IN [a, b]` and `IN (a, b)` are the same; DynamoDB's own syntax has the second alone."""
        cursor = self._cursor
        end = "]" if cursor.take_symbol("[") else ")"
        if end == ")":
            cursor.expect_symbol("(")
        members = [self._placeholder_of_value(cursor.value())]
        while cursor.take_symbol(","):
            members.append(self._placeholder_of_value(cursor.value()))
        cursor.expect_symbol(end)
        return f"({', '.join(members)})"

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
