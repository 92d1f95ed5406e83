"""Tables whose items stay in key order, and items that know their JSON.

moto sorts the whole table for every page of a scan and deep-copies every row that it returns: one page of a
table with 20,000 rows took seconds with the interpreter lock held. Here the order is kept, a page starts by
bisection, and the JSON of a row is made once per change of the row.
"""

from __future__ import annotations

import bisect
import copy
from collections.abc import Iterator
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models import dynamo_type as moto_types
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import dynamo_json_dump

from floodgate_localstack.patching import replace

MAX_ITEM_SIZE_BYTES = 405_000  # moto's own reading of the 400 KB limit
_SCALAR_TYPES = frozenset({"S", "N", "B", "BOOL", "NULL"})


def sort_value_of(key: DynamoType) -> tuple[Any, str]:
    """The place of a key in the order; with the text, because the numbers 1 and 1.0 are two keys to moto."""
    return (key.cast_value, str(key.value))


class OrderedItems(dict[DynamoType, Any]):
    """The items of a table by hash key, walked in the order of the hash keys.

    Hash key → item, or in a table with a range key hash key → {range key → item}. Keys that are new since
    the last walk are sorted in then; deleted ones are skipped on the walk and forgotten on the next sort.
    """

    def __init__(self, *, has_range_key: bool) -> None:
        super().__init__()
        self._has_range_key = has_range_key
        self._by_value: dict[Any, DynamoType] = {}
        self._order: list[Any] = []
        self._new_values: list[Any] = []

    def __missing__(self, hash_key: DynamoType) -> dict[DynamoType, Any]:
        if not self._has_range_key:
            raise KeyError(hash_key)
        # Not stored before something is put into it: a read of an absent key must not grow the table.
        return _Partition(self, hash_key)

    def __setitem__(self, hash_key: DynamoType, value: Any) -> None:
        sort_value = sort_value_of(hash_key)
        if sort_value not in self._by_value:
            self._new_values.append(sort_value)
        self._by_value[sort_value] = hash_key
        super().__setitem__(hash_key, value)

    def __deepcopy__(self, memo: dict[int, Any]) -> OrderedItems:
        twin = OrderedItems(has_range_key=self._has_range_key)
        for hash_key, value in self.items():
            twin[hash_key] = copy.deepcopy(value, memo)
        return twin

    def walk(self, after: tuple[DynamoType, DynamoType | None] | None = None) -> Iterator[Item]:
        """Yield items in key order, beginning after the given (hash key, range key), which need not exist."""
        self._sort_in_new_keys()
        after_hash = sort_value_of(after[0]) if after else None
        after_range = sort_value_of(after[1]) if after and after[1] else None
        start = 0 if after_hash is None else bisect.bisect_left(self._order, after_hash)
        for position in range(start, len(self._order)):
            sort_value = self._order[position]
            if sort_value != after_hash:
                yield from self._of_hash_value(sort_value, None)
            elif self._has_range_key:
                yield from self._of_hash_value(sort_value, after_range)

    def _of_hash_value(self, sort_value: Any, after_range: Any | None) -> Iterator[Item]:
        stored = self.get(self._by_value[sort_value])
        if stored is None:
            return
        if not self._has_range_key:
            yield stored
            return
        for range_key in sorted(stored, key=sort_value_of):
            if after_range is None or sort_value_of(range_key) > after_range:
                yield stored[range_key]

    def _sort_in_new_keys(self) -> None:
        if not self._new_values:
            return
        if len(self._by_value) != len(self):
            self._by_value = {sort_value_of(key): key for key in self}
            self._order = list(self._by_value)
        else:
            self._order.extend(self._new_values)
        self._order.sort()  # cheap: it is two runs, the old one and the new one
        self._new_values.clear()


class _Partition(dict[DynamoType, Any]):
    """The rows of one hash key, linked into the table by its first row."""

    def __init__(self, owner: OrderedItems, hash_key: DynamoType) -> None:
        super().__init__()
        self._owner = owner
        self._hash_key = hash_key

    def __setitem__(self, range_key: DynamoType, item: Any) -> None:
        if not self:
            self._owner[self._hash_key] = self
        super().__setitem__(range_key, item)

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[DynamoType, Any]:
        return {key: copy.deepcopy(item, memo) for key, item in self.items()}


def item_json(item: Item) -> tuple[str, int]:
    """Return the attributes of an item as DynamoDB JSON text, and its size in bytes as AWS counts it."""
    cached = item.__dict__.get("_floodgate_json")
    if cached is None:
        cached = (dynamo_json_dump(item.attrs), item.size())
        item.__dict__["_floodgate_json"] = cached
    return cached


def forget_json(item: Item) -> None:
    """Must follow every change of an item in place."""
    item.__dict__.pop("_floodgate_json", None)


def _init_item(self: Item, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]) -> None:
    """`Item.__init__` that measures the item once, not once for each attribute (quadratic in moto)."""
    self.hash_key = hash_key
    self.range_key = range_key
    self.attrs = LimitedSizeDict()
    dict.update(self.attrs, {name: DynamoType(value) for name, value in attrs.items()})
    if self.size() > MAX_ITEM_SIZE_BYTES:
        raise moto_types.ItemSizeTooLarge


def _deepcopy_item(self: Item, memo: dict[int, Any]) -> Item:
    """Share what nothing changes in place (strings, numbers, …); copy sets, lists and maps."""
    twin = Item.__new__(Item)
    twin.hash_key = self.hash_key
    twin.range_key = self.range_key
    twin.attrs = LimitedSizeDict()
    for name, value in self.attrs.items():
        shared = value.type in _SCALAR_TYPES
        dict.__setitem__(twin.attrs, name, value if shared else copy.deepcopy(value, memo))
    return twin


def _get_table(self: DynamoDBBackend, table_name: str) -> Table:
    """`get_table` by look-up: moto walks all tables, which fails when another thread creates one."""
    table = self.tables.get(table_name)
    if table is None and table_name.startswith("arn:"):
        table = next((t for t in list(self.tables.values()) if t.table_arn == table_name), None)
    if table is None:
        from moto.dynamodb.exceptions import ResourceNotFoundException

        raise ResourceNotFoundException()
    return table


def _all_items(self: Table) -> list[Item]:
    if isinstance(self.items, OrderedItems):
        return list(self.items.walk())
    return _moto_all_items(self)


_moto_all_items = Table.all_items


def patch_model() -> None:
    """Patch moto's model of tables and items."""
    replace(Item, "__init__", _init_item)
    Item.__deepcopy__ = _deepcopy_item
    replace(DynamoDBBackend, "get_table", _get_table)
    replace(Table, "all_items", _all_items)
