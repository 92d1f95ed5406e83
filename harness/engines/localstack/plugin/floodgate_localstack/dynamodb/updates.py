"""Updates of one row by plain expressions, without moto's machinery for all others.

Everything is computed before the row is touched. Where anything is out of the ordinary (an expression that is
not plain, a placeholder too many or too few, another type than expected, a key attribute, a row that becomes
too large, a table with a stream) the answer is None and moto does it, with its errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.exceptions import ConditionalCheckFailed
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from floodgate_localstack.dynamodb import expressions
from floodgate_localstack.dynamodb.expressions import Assignment, Condition, Update
from floodgate_localstack.dynamodb.storage import MAX_ITEM_SIZE_BYTES, forget_json
from floodgate_localstack.dynamodb.views import find, key_of, store

_INTEGER = re.compile(r"-?[0-9]{1,38}")
_PLAIN_TYPES = frozenset({"S", "N", "BOOL", "NULL"})
_RESERVED = frozenset(ReservedKeywords.get_reserved_keywords())
_Attributes = dict[str, Any]


class _UnusualError(Exception):
    """moto has to do it."""


@dataclass(frozen=True)
class Request:
    """An update as UpdateItem has it; a PartiQL statement is turned into one."""

    key: _Attributes
    update: str
    condition: str | None
    names: dict[str, str]
    values: _Attributes
    returns_old_on_failure: bool
    is_statement: bool = False
    """PartiQL names and counts its own placeholders, those of the key included."""


def apply(table: Table, request: Request) -> Item | None:
    """Change or make the row and return it; None when moto has to do it.

    :raises ConditionalCheckFailed: the condition does not hold
    """
    update = expressions.read_update(request.update)
    condition = expressions.read_condition(request.condition) if request.condition else None
    if update is None or (request.condition and condition is None) or table.stream_shard is not None:
        return None
    try:
        if not request.is_statement:
            _check_placeholders(request, update, condition)
        values = {name: DynamoType(value) for name, value in request.values.items()}
        return _apply(table, request, update, condition, values)
    except _UnusualError:
        return None


def _apply(
    table: Table,
    request: Request,
    update: Update,
    condition: Condition | None,
    values: dict[str, DynamoType],
) -> Item:
    _check_targets(table, update, request.names)
    _check_operands(update, values)
    key = key_of(table, request.key)
    item = find(table, key)
    before = item.attrs if item is not None else {}
    if condition and not condition.test(before, request.names, values):
        shown = item.to_json()["Attributes"] if item is not None and request.returns_old_on_failure else None
        raise ConditionalCheckFailed(item=shown)
    changed = dict(_changes(before, request, update, values))
    removed = {request.names.get(name, name) for name in update.removes}
    _check_index_keys(table, changed)
    if item is None:
        item = _new_item(table, request, changed)
        store(table, item)
    else:
        if (
            item.size() + sum(value.size() + len(name) for name, value in changed.items())
            > MAX_ITEM_SIZE_BYTES
        ):
            raise _UnusualError
        dict.update(item.attrs, changed)
        for name in removed:
            item.attrs.pop(name, None)
        forget_json(item)
    return item


def _new_item(table: Table, request: Request, changed: dict[str, DynamoType]) -> Item:
    types = _key_types(table)
    if any(next(iter(value)) != types[name] or "" in value.values() for name, value in request.key.items()):
        raise _UnusualError
    item = Item(*key_of(table, request.key), attrs=request.key)
    dict.update(item.attrs, changed)
    if item.size() > MAX_ITEM_SIZE_BYTES:
        raise _UnusualError
    return item


def _key_types(table: Table) -> dict[str, str]:
    return {part["AttributeName"]: part["AttributeType"] for part in table.attr}


def _changes(
    before: Any, request: Request, update: Update, values: dict[str, DynamoType]
) -> Iterator[tuple[str, DynamoType]]:
    def name_of(text: str) -> str:
        return request.names.get(text, text)

    for assignment in update.sets:
        yield name_of(assignment.target), _assigned(assignment, before, name_of, values)
    for addition in update.adds:
        name = name_of(addition.target)
        yield name, _sum(before.get(name, DynamoType({"N": "0"})), values[addition.value], 1)


def _assigned(assignment: Assignment, before: Any, name_of: Any, values: dict[str, DynamoType]) -> DynamoType:
    value = values[assignment.value]
    if value.type not in _PLAIN_TYPES:
        raise _UnusualError
    if assignment.source is None:
        return value
    current = before.get(name_of(assignment.source))
    if assignment.operator == "if_not_exists":
        return value if current is None else current
    if current is None:
        raise _UnusualError
    return _sum(current, value, 1 if assignment.operator == "+" else -1)


def _sum(current: DynamoType, value: DynamoType, sign: int) -> DynamoType:
    if (current.type, value.type) != ("N", "N"):
        raise _UnusualError
    if not _INTEGER.fullmatch(current.value) or not _INTEGER.fullmatch(value.value):
        raise _UnusualError
    return DynamoType({"N": str(int(current.value) + sign * int(value.value))})


def _check_placeholders(request: Request, update: Update, condition: Condition | None) -> None:
    used = [update.used, *([condition.used] if condition else [])]
    names = {name for part in used for name in part.names}
    values = {value for part in used for value in part.values}
    placeholders = {name for name in names if name.startswith("#")}
    if placeholders != set(request.names) or values != set(request.values):
        raise _UnusualError
    if any(name.upper() in _RESERVED for name in names - placeholders):
        raise _UnusualError


def _check_targets(table: Table, update: Update, names: dict[str, str]) -> None:
    """Each attribute may be changed once, and none that is part of a key."""
    targets = [names.get(part.target, part.target) for part in (*update.sets, *update.adds)]
    targets += [names.get(name, name) for name in update.removes]
    if len(set(targets)) < len(targets) or set(targets) & set(table.table_key_attrs):
        raise _UnusualError


def _check_operands(update: Update, values: dict[str, DynamoType]) -> None:
    """AWS refuses what cannot be added before it looks at the condition."""
    summands = [part.value for part in (*update.sets, *update.adds) if part.operator != "if_not_exists"]
    plain = {part.value for part in update.sets if part.source is None}
    if any(values[name].type != "N" for name in summands if name not in plain):
        raise _UnusualError


def _check_index_keys(table: Table, changed: dict[str, DynamoType]) -> None:
    """Keys of indexes have a type and are never empty."""
    types = _key_types(table)
    if any(value.type != types.get(name, value.type) or value.value == "" for name, value in changed.items()):
        raise _UnusualError
