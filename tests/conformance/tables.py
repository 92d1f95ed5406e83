"""Tables for tests."""

from __future__ import annotations

from typing import Any

from tests.conformance.aws import Aws


def create_table(aws: Aws, *, sort_key: bool = False, **more: Any) -> str:
    """Make a table with the key `id`, and `at` where a sort key is asked for; return its name."""
    name = aws.name("table")
    keys = {"id": "HASH", **({"at": "RANGE"} if sort_key else {})}
    attributes = {*keys, *(["customer"] if "GlobalSecondaryIndexes" in more else [])}
    aws.dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in sorted(attributes)],
        **more,
    )
    aws.at_end(lambda: aws.dynamodb.delete_table(TableName=name))
    aws.dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return name


def texts(**values: str) -> dict[str, dict[str, str]]:
    """Return an item of texts."""
    return {name: {"S": value} for name, value in values.items()}
