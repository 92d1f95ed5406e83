"""Scan by pages that cost a page, and the rows that a query has to look at.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html (1 MB or Limit items are
read, then the filter is applied; `Count` counts what passed, `ScannedCount` what was read).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.dynamodb.comparisons import create_condition_expression_parser
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import dynamo_json_dump
from moto.dynamodb.parsing.key_condition_expression import parse_expression
from moto.dynamodb.responses import DynamoHandler, ProjectionExpressionParser, validate_attributes_used

from floodgate_localstack.dynamodb.storage import OrderedItems, item_json
from floodgate_localstack.dynamodb.views import key_of

_PAGE_LIMIT_BYTES = 1024 * 1024
_LEGACY_OR_INDEX = frozenset({"ScanFilter", "AttributesToGet", "IndexName"})


@dataclass
class _Page:
    items: list[Item] = field(default_factory=list)
    scanned: int = 0
    last: Item | None = None
    """The last item read, when there may be more after it."""


def can_scan(table: Table, body: dict[str, Any]) -> bool:
    """Whether this module can answer; moto does the forms that are older or name an index."""
    return isinstance(table.items, OrderedItems) and not body.keys() & _LEGACY_OR_INDEX


def scan(handler: DynamoHandler, table: Table) -> str:
    """Answer a Scan in JSON. Raises moto's validation errors."""
    body = handler.body
    condition, projection = _expressions(handler)
    page = _read_page(_rows(table, body), body.get("Limit"), condition)
    answer = f'"Count":{len(page.items)},"ScannedCount":{page.scanned}'
    if body.get("Select") != "COUNT":
        answer += f',"Items":[{",".join(_texts(page.items, projection))}]'
    if page.last is not None:
        answer += f',"LastEvaluatedKey":{_key_text(table, page.last)}'
    return "{" + answer + "}"


def _expressions(handler: DynamoHandler) -> tuple[Any, list[list[str]]]:
    names = handler.body.get("ExpressionAttributeNames", {})
    condition = create_condition_expression_parser(
        handler._get_filter_expression(), names, handler._get_expr_attr_values()
    )
    try:
        operation = condition.parse()
    except ValueError as exc:
        raise MockValidationException(f"Bad Filter Expression: {exc}") from exc
    projection = ProjectionExpressionParser(handler._get_projection_expression(), names)
    paths = projection.parse()
    validate_attributes_used(names, condition.expr_attr_names_found + projection.expr_attr_names_found)
    return (operation if handler.body.get("FilterExpression") else None), paths


def _rows(table: Table, body: dict[str, Any]) -> Iterator[Item]:
    segments = (body.get("Segment"), body.get("TotalSegments"))
    if (segments[0] is None) != (segments[1] is None):
        raise MockValidationException("Segment and TotalSegments must be given together")
    start = body.get("ExclusiveStartKey")
    rows = table.items.walk(key_of(table, start) if start else None)
    return (row for row in rows if row.is_within_segment(segments))


def _read_page(rows: Iterator[Item], limit: int | None, condition: Any) -> _Page:
    page = _Page()
    size_bytes = 0
    last: Item | None = None
    for row in rows:
        size_bytes += item_json(row)[1]
        if page.scanned and (page.scanned == limit or size_bytes > _PAGE_LIMIT_BYTES):
            page.last = last
            break
        page.scanned += 1
        last = row
        if condition is None or condition.expr(row):
            page.items.append(row)
    return page


def _texts(items: list[Item], projection: list[list[str]]) -> Iterator[str]:
    if not projection:
        return (item_json(item)[0] for item in items)
    if all(len(path) == 1 and "[" not in path[0] for path in projection):
        wanted = [path[0] for path in projection]
        return (
            dynamo_json_dump({name: item.attrs[name] for name in wanted if name in item.attrs})
            for item in items
        )
    return (dynamo_json_dump(item.project(projection).attrs) for item in items)


def _key_text(table: Table, item: Item) -> str:
    return dynamo_json_dump({name: item.attrs[name] for name in table.table_key_attrs})


def query_candidates(table: Table, body: dict[str, Any]) -> list[Item] | None:
    """Return the rows that a Query can find, or None where only moto can read the request."""
    if not isinstance(table.items, OrderedItems) or not body.get("KeyConditionExpression"):
        return None
    index = next((i for i in table.all_indexes() if i.name == body.get("IndexName")), None)
    if body.get("IndexName") and index is None:
        return None
    schema = index.schema if index else table.schema
    wanted = DynamoType(_hash_value(body, schema))
    if index is None:
        stored = table.items.get(wanted)
        return list(stored.values()) if isinstance(stored, dict) else [stored] if stored else []
    attribute = next(part["AttributeName"] for part in schema if part["KeyType"] == "HASH")
    return [item for item in table.items.walk() if item.attrs.get(attribute) == wanted]


def _hash_value(body: dict[str, Any], schema: list[dict[str, str]]) -> dict[str, Any]:
    parsed = parse_expression(
        key_condition_expression=body["KeyConditionExpression"],
        expression_attribute_names=body.get("ExpressionAttributeNames", {}),
        expression_attribute_values=body.get("ExpressionAttributeValues", {}),
        schema=schema,
    )
    return parsed[0]  # type: ignore[no-any-return, unused-ignore]
