"""A moto backend that shows only some rows of some tables.

moto reads and copies whole tables where a request concerns a few rows. Given a view instead of the backend,
the same code costs as many rows as the view holds.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

from floodgate_localstack.dynamodb.storage import OrderedItems

Key = tuple[DynamoType, DynamoType | None]


def view_of(backend: DynamoDBBackend, rows: dict[str, Iterable[Item]]) -> DynamoDBBackend:
    """Return a backend with the named tables, each holding only the given items (shared, not copied)."""
    view = copy.copy(backend)
    view.tables = {name: _table_with(backend.get_table(name), items) for name, items in rows.items()}
    return view


def _table_with(table: Table, items: Iterable[Item]) -> Table:
    twin = copy.copy(table)
    twin.items = OrderedItems(has_range_key=table.has_range_key)
    for item in items:
        store(twin, item)
    return twin


def key_of(table: Table, attributes: dict[str, dict[str, object]]) -> Key:
    """Return the key of a row from its attributes (DynamoDB JSON); KeyError where one is missing."""
    hash_key = DynamoType(attributes[table.hash_key_attr])
    range_key = DynamoType(attributes[table.range_key_attr]) if table.range_key_attr else None
    return hash_key, range_key


def find(table: Table, key: Key) -> Item | None:
    """Return the row of that key, or None."""
    stored = table.items.get(key[0])
    if stored is None or key[1] is None:
        return stored
    return stored.get(key[1])


def store(table: Table, item: Item) -> None:
    """Put the item into the table, without any condition and without a stream record."""
    if item.range_key is None:
        table.items[item.hash_key] = item
    else:
        table.items[item.hash_key][item.range_key] = item
