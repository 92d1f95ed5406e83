"""What PartiQL statements do to the tables, with AWS's error for each statement of a batch.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.dynamodb.exceptions import ConditionalCheckFailed, MockValidationException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing import partiql as moto_partiql

from floodgate_localstack.dynamodb import partiql, updates
from floodgate_localstack.dynamodb.storage import forget_json
from floodgate_localstack.dynamodb.views import Key, find, key_of

_BATCH_LIMIT = 25
_Attributes = dict[str, Any]
_BATCH_CODES = {
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "DuplicateItemException": "DuplicateItem",
    "ResourceNotFoundException": "ResourceNotFound",
    "ValidationException": "ValidationError",
}


class DuplicateItemError(JsonRESTError):  # type: ignore[misc, unused-ignore]
    """An INSERT found a row with its key."""

    def __init__(self) -> None:
        super().__init__(
            "com.amazonaws.dynamodb.v20120810#DuplicateItemException",
            "Duplicate primary key exists in table",
        )


def execute_one(backend: DynamoDBBackend, request: dict[str, Any]) -> list[_Attributes]:
    """Execute the statement of an ExecuteStatement request; return the items of its answer.

    :raises JsonRESTError: AWS's error for it
    """
    parameters = request.get("Parameters", [])
    return_old = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    try:
        statement = partiql.parse(request["Statement"])
        if isinstance(statement, partiql.Insert):
            return _insert(backend, statement, parameters)
        if isinstance(statement, partiql.Change):
            return _change(backend, statement, parameters, return_old=return_old)
    except partiql.PartiQLError as exc:
        raise MockValidationException(f"Statement wasn't well formed, can't be processed: {exc}") from exc
    return _select(backend, request["Statement"], parameters)


def execute_batch(backend: DynamoDBBackend, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Execute each statement on its own; one that fails leaves its error and stops no other."""
    if not 1 <= len(requests) <= _BATCH_LIMIT:
        raise MockValidationException(
            "1 validation error detected: Value at 'statements' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_BATCH_LIMIT}"
        )
    if len({_is_read(request["Statement"]) for request in requests}) > 1:
        raise MockValidationException("Batch must contain either all read or all write statements")
    return [_answer_of(backend, request) for request in requests]


def _is_read(statement: str) -> bool:
    return statement.lstrip()[:6].upper() == "SELECT"


def _answer_of(backend: DynamoDBBackend, request: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"TableName": partiql.table_of(request["Statement"])}
    try:
        items = execute_one(backend, request)
    except JsonRESTError as exc:
        return answer | {"Error": _error_of(exc)}
    return answer | ({"Item": items[0]} if items else {})


def _error_of(exc: JsonRESTError) -> dict[str, Any]:
    details = json.loads(exc.description)
    name = details["__type"].rsplit("#", 1)[-1]
    error = {
        "Code": _BATCH_CODES.get(name, name),
        "Message": details.get("message") or details.get("Message", ""),
    }
    return error | ({"Item": details["Item"]} if "Item" in details else {})


def _insert(
    backend: DynamoDBBackend, statement: partiql.Insert, parameters: list[_Attributes]
) -> list[_Attributes]:
    table = backend.get_table(statement.table)
    attributes = partiql.bind(statement.item, parameters)["M"]
    has_key = all(name in attributes for name in table.table_key_attrs)
    if has_key and find(table, key_of(table, attributes)) is not None:
        raise DuplicateItemError
    table.put_item(attributes)
    return []


def _change(
    backend: DynamoDBBackend, change: partiql.Change, parameters: list[_Attributes], *, return_old: bool
) -> list[_Attributes]:
    table = backend.get_table(change.table)
    key_attributes = _key_attributes(table, change, parameters)
    key = key_of(table, key_attributes)
    before = find(table, key)
    if before is None and change.update is None:
        return []  # AWS: a DELETE of a row that is not there succeeds
    old = _attributes_of(before) if change.returning == "OLD" else None
    if before is None:
        raise ConditionalCheckFailed
    values = {name: partiql.bind(template, parameters) for name, template in change.values.items()}
    condition = _condition(table, change) or None
    arguments: dict[str, Any] = {
        "expression_attribute_names": change.names,
        "expression_attribute_values": values,
        "condition_expression": condition,
        "return_values_on_condition_check_failure": "ALL_OLD" if return_old else None,
    }
    if change.update is None:
        backend.delete_item(table.name, key_attributes, **arguments)
        return _returned(table, change, key, old)
    _refuse_key_change(table, change)
    plain = updates.Request(
        key_attributes, change.update, condition, change.names, values, return_old, is_statement=True
    )
    if updates.apply(table, plain) is None:
        forget_json(backend.update_item(table.name, key_attributes, change.update, **arguments))
    return _returned(table, change, key, old)


def _returned(table: Table, change: partiql.Change, key: Key, old: _Attributes | None) -> list[_Attributes]:
    if change.returning == "NEW":
        return [_attributes_of(find(table, key))]
    return [old] if old is not None else []


def _attributes_of(item: Item | None) -> _Attributes:
    return dict(item.attrs) if item is not None else {}


def _refuse_key_change(table: Table, change: partiql.Change) -> None:
    update = f"{change.update} "
    for placeholder, name in change.names.items():
        if name in table.table_key_attrs and re_assigns(update, placeholder):
            raise MockValidationException(
                f"Cannot update attribute {name}. This attribute is part of the key"
            )


def re_assigns(update: str, placeholder: str) -> bool:
    """Whether an update expression assigns or removes the attribute of that placeholder."""
    words = update.split()
    return any(
        word == placeholder and (words[at - 1] in ("SET", "REMOVE", ",")) for at, word in enumerate(words)
    )


def _key_attributes(
    table: Table, change: partiql.Change, parameters: list[_Attributes]
) -> dict[str, _Attributes]:
    equal = {name: partiql.bind(template, parameters) for name, template in change.equalities}
    if any(name not in equal for name in table.table_key_attrs):
        raise MockValidationException(
            "Where clause does not contain a mandatory equality on all key attributes"
        )
    return {name: equal[name] for name in table.table_key_attrs}


def _condition(table: Table, change: partiql.Change) -> str:
    rest = [text for name, text in change.condition_of if name not in table.table_key_attrs]
    return " AND ".join(f"({text})" for text in rest)


def _select(backend: DynamoDBBackend, statement: str, parameters: list[_Attributes]) -> list[_Attributes]:
    """A SELECT, read by moto's parser, which is given the one table that it names."""
    name, _, _index = partiql.table_of(statement).partition(".")
    table = backend.get_table(name)
    rows = table.all_items()
    source = {name: [row.to_json()["Attributes"] for row in rows]}
    for index in table.all_indexes():
        source[f"{name}.{index.name}"] = [
            row.to_json()["Attributes"]
            for row in rows
            if all(part["AttributeName"] in row.attrs for part in index.schema)
        ]
    items, _updates = moto_partiql.query(statement, source, parameters)
    return items  # type: ignore[no-any-return, unused-ignore]
