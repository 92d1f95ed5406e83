"""A change as DynamoDB takes it: a PartiQL statement of a batch, or the arguments of one UpdateItem.

PartiQL's UPDATE never makes a row: for one that is not there its condition fails. It repeats `SET` for each
column, takes `IN [ … ]`, adds numbers with `+`, and in a batch too it answers with the row after
`RETURNING ALL NEW *`. A batch may name each row once.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.update.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-operators.html
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pipeline.records import states
from pipeline.records.changes import Change
from pipeline.records.rows import Columns, Value
from pipeline.records.states import Hold

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import BatchStatementRequestTypeDef


def insert(table_name: str, row: Columns) -> BatchStatementRequestTypeDef:
    """Return the statement that makes a row; it fails with `DuplicateItem` where there is one."""
    return {"Statement": _insert_text(table_name, tuple(row)), "Parameters": list(row.values())}


def update(table_name: str, change: Change, *, returning: bool) -> BatchStatementRequestTypeDef:
    """Return the statement that changes a row; it fails with `ConditionalCheckFailed`, and the row if any.

    :param returning: answer with the changed row
    :raises ValueError: the change asks what only `update_item` can say
    """
    if change.without or change.defaults:
        raise ValueError(f"{change.transition} is no statement")
    guards = _guards(change)
    values = [*change.sets.values(), *(_number(count) for count in change.counts.values())]
    values += [{"S": change.file_id}, *({"S": state} for state in change.starts), *guards.values()]
    return {
        "Statement": _update_text(
            table_name,
            tuple(change.sets),
            tuple(change.counts),
            tuple(change.removes),
            len(change.starts),
            tuple(guards),
            returning,
        ),
        "Parameters": values,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def update_item(table_name: str, change: Change) -> dict[str, Any]:
    """Return the arguments of the UpdateItem that makes the change, and the row where the change may."""
    sets = {**(change.makes_row or {}), **change.sets}
    named = ("status", *sets, *change.defaults, *change.counts, *change.removes)
    names = {f"#{name}": name for name in named}
    values = {f":{name}": value for name, value in (change.defaults | sets).items()}
    values |= {f":add_{name}": _number(count) for name, count in change.counts.items()}
    condition, compared = _condition(change)
    if change.held_by is not None or change.hold is Hold.EXCLUSIVE:
        names["#claimed_by"] = "claimed_by"
    if change.attempt is not None:
        names["#attempts"] = "attempts"
    if change.without is not None:
        names[f"#{change.without}"] = change.without
    return {
        "TableName": table_name,
        "Key": {"file_id": {"S": change.file_id}},
        "UpdateExpression": _expression(change, sets),
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {**values, **compared},
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _expression(change: Change, sets: Columns) -> str:
    texts = [f"#{name} = :{name}" for name in sets]
    texts += [f"#{name} = if_not_exists(#{name}, :{name})" for name in change.defaults]
    parts = ["SET " + ", ".join(texts)]
    if change.removes:
        parts.append("REMOVE " + ", ".join(f"#{name}" for name in change.removes))
    if change.counts:
        parts.append("ADD " + ", ".join(f"#{name} :add_{name}" for name in change.counts))
    return " ".join(parts)


def _condition(change: Change) -> tuple[str, dict[str, Value]]:
    starts = [state for state in change.starts if not (_is_exclusive(change) and state == states.PROCESSING)]
    compared: dict[str, Value] = {f":from_{state}": {"S": state} for state in starts}
    condition = f"#status IN ({', '.join(compared)})"
    if _is_exclusive(change):
        condition = f"({condition} OR (#status = :from_processing AND #claimed_by = :claimed_by))"
        compared[":from_processing"] = {"S": states.PROCESSING}
    for name, value in _guards(change).items():
        condition += f" AND #{name} = :guard_{name}"
        compared[f":guard_{name}"] = value
    if change.without is not None:
        condition += f" AND attribute_not_exists(#{change.without})"
    if change.makes_row is not None:
        condition = f"attribute_not_exists(file_id) OR {condition}"
    return condition, compared


def _is_exclusive(change: Change) -> bool:
    return change.hold is Hold.EXCLUSIVE


def _guards(change: Change) -> dict[str, Value]:
    held = {"claimed_by": {"S": change.held_by}} if change.held_by is not None else {}
    return held | ({"attempts": _number(change.attempt)} if change.attempt is not None else {})


def _number(value: int) -> Value:
    return {"N": str(value)}


@cache
def _insert_text(table_name: str, columns: tuple[str, ...]) -> str:
    """Only few combinations of columns occur, so the texts are kept."""
    values = ", ".join(f"'{name}': ?" for name in columns)
    return f'INSERT INTO "{table_name}" VALUE {{{values}}}'


@cache
def _update_text(
    table_name: str,
    sets: tuple[str, ...],
    counts: tuple[str, ...],
    removes: tuple[str, ...],
    start_count: int,
    guards: tuple[str, ...],
    returning: bool,
) -> str:
    parts = [f'UPDATE "{table_name}"']
    parts += [f'SET "{name}" = ?' for name in sets]
    parts += [f'SET "{name}" = "{name}" + ?' for name in counts]
    parts += [f'REMOVE "{name}"' for name in removes]
    parts.append(f'WHERE "file_id" = ? AND "status" IN [{", ".join("?" * start_count)}]')
    parts += [f'AND "{name}" = ?' for name in guards]
    if returning:
        parts.append("RETURNING ALL NEW *")
    return " ".join(parts)
