"""TransactWriteItems at the cost of the rows that it names.

moto deep-copies all tables of the account before each transaction, so that it can go back. Here moto's own
code runs on a view with copies of the named rows only; the rows are taken over when it succeeds.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.dynamodb.models import DynamoDBBackend

from floodgate_localstack.dynamodb.views import Key, find, key_of, store, view_of

_NamedKeys = dict[str, list[Key]]


@contextmanager
def on_named_rows(
    backend: DynamoDBBackend, transact_items: list[dict[str, Any]]
) -> Iterator[DynamoDBBackend]:
    """Give a backend with copies of the rows that the transaction names; take them over on a clean exit."""
    keys = _named_keys(backend, transact_items)
    view = view_of(
        backend,
        {
            name: [copy.deepcopy(item) for key in named if (item := find(backend.get_table(name), key))]
            for name, named in keys.items()
        },
    )
    yield view
    for name, named in keys.items():
        for key in named:
            _take_over(backend, view, name, key)


def _named_keys(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> _NamedKeys:
    keys: _NamedKeys = {}
    for transact_item in transact_items:
        for operation in transact_item.values():
            table = backend.get_table(operation["TableName"])
            attributes = operation.get("Item") or operation.get("Key") or {}
            wanted = keys.setdefault(table.name, [])
            if all(name in attributes for name in table.table_key_attrs):
                wanted.append(key_of(table, attributes))
    return keys


def _take_over(backend: DynamoDBBackend, view: DynamoDBBackend, name: str, key: Key) -> None:
    table = backend.get_table(name)
    item = find(view.tables[name], key)
    if item is not None:
        store(table, item)
    elif find(table, key) is not None:
        table.delete_item(*key)
