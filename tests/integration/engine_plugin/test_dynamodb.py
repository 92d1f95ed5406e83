"""DynamoDB without Java: what the pipeline and the measuring rely on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.engine_plugin.dynamodb_rows import code_of, row

pytestmark = pytest.mark.integration


def test_plain_updates_do_what_moto_does(localstack_python: Path) -> None:
    script = Path(__file__).with_name("updates_in_process.py")
    done = subprocess.run([localstack_python, script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["differing"] == []
    assert result["plain"] > 50


def test_get_item_shows_the_latest_update(dynamodb: Any, table: str) -> None:
    key = {"file_id": {"S": "one"}}
    dynamodb.put_item(TableName=table, Item=row("one", status="failed"))
    assert dynamodb.get_item(TableName=table, Key=key)["Item"]["status"] == {"S": "failed"}

    dynamodb.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET #s = :s REMOVE #a",
        ExpressionAttributeNames={"#s": "status", "#a": "at"},
        ExpressionAttributeValues={":s": {"S": "transferred"}},
    )

    assert dynamodb.get_item(TableName=table, Key=key)["Item"] == {
        "file_id": {"S": "one"},
        "customer_id": {"S": "c-1"},
        "status": {"S": "transferred"},
    }
    assert "Item" not in dynamodb.get_item(TableName=table, Key={"file_id": {"S": "two"}})


def test_condition_failure_returns_the_old_item_when_asked(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=row("held", status="transferred"))
    with pytest.raises(ClientError) as caught:
        dynamodb.put_item(
            TableName=table,
            Item=row("held"),
            ConditionExpression="attribute_not_exists(file_id)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert caught.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert caught.value.response["Item"]["status"] == {"S": "transferred"}  # type: ignore[typeddict-item]


def test_batch_write_then_batch_get_keeps_every_type(dynamodb: Any, table: str) -> None:
    item = {
        **row("typed"),
        "n": {"N": "12.5"},
        "flag": {"BOOL": True},
        "nothing": {"NULL": True},
        "bytes": {"B": b"\x00\xff"},
        "names": {"SS": ["a", "b"]},
        "nested": {"M": {"list": {"L": [{"S": "é"}, {"B": b"\x01"}]}}},
    }
    dynamodb.batch_write_item(
        RequestItems={table: [{"PutRequest": {"Item": item}}, {"PutRequest": {"Item": row("other")}}]}
    )
    found = dynamodb.batch_get_item(
        RequestItems={table: {"Keys": [{"file_id": {"S": "typed"}}, {"file_id": {"S": "absent"}}]}}
    )
    assert found["Responses"][table] == [item]
    assert dynamodb.get_item(TableName=table, Key={"file_id": {"S": "typed"}})["Item"] == item


def test_query_on_an_index_is_ordered_and_pages(dynamodb: Any, table: str) -> None:
    for number in range(7):
        dynamodb.put_item(TableName=table, Item=row(f"f{number}", "wanted", f"2026-01-0{7 - number}"))
    dynamodb.put_item(TableName=table, Item=row("else", "other"))

    pages = list(
        dynamodb.get_paginator("query").paginate(
            TableName=table,
            IndexName="by_customer",
            KeyConditionExpression="customer_id = :c AND #at >= :from",
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={":c": {"S": "wanted"}, ":from": {"S": "2026-01-02"}},
            PaginationConfig={"PageSize": 4},
        )
    )

    assert len(pages) > 1
    assert [item["file_id"]["S"] for page in pages for item in page["Items"]] == [
        "f5", "f4", "f3", "f2", "f1", "f0",
    ]  # fmt: skip


def test_query_by_key_finds_the_row(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=row("here"))
    query = {
        "TableName": table,
        "KeyConditionExpression": "file_id = :f",
        "ExpressionAttributeValues": {":f": {"S": "here"}},
    }
    assert dynamodb.query(**query)["Items"] == [row("here")]
    query["ExpressionAttributeValues"] = {":f": {"S": "absent"}}
    assert dynamodb.query(**query)["Count"] == 0


def test_scan_pages_hold_each_row_once(dynamodb: Any, table: str) -> None:
    names = [f"row-{number:03}" for number in range(60)]
    for start in range(0, 60, 20):
        requests = [{"PutRequest": {"Item": row(name)}} for name in names[start : start + 20]]
        dynamodb.batch_write_item(RequestItems={table: requests})
    dynamodb.delete_item(TableName=table, Key={"file_id": {"S": "row-030"}})

    pages = list(dynamodb.get_paginator("scan").paginate(TableName=table, PaginationConfig={"PageSize": 25}))

    assert [page["Count"] for page in pages] == [25, 25, 9]
    seen = [item["file_id"]["S"] for page in pages for item in page["Items"]]
    assert sorted(seen) == sorted(set(names) - {"row-030"})


def test_scan_page_ends_at_one_mebibyte(dynamodb: Any, table: str) -> None:
    for number in range(6):
        dynamodb.put_item(TableName=table, Item=row(f"big-{number}", filler="x" * 300_000))
    pages = list(dynamodb.get_paginator("scan").paginate(TableName=table))
    assert [page["Count"] for page in pages] == [3, 3]


def test_scan_filter_projection_and_count(dynamodb: Any, table: str) -> None:
    for number in range(10):
        dynamodb.put_item(TableName=table, Item=row(f"n{number}", status="failed" if number < 3 else "ok"))
    arguments = {
        "TableName": table,
        "FilterExpression": "#s = :failed",
        "ExpressionAttributeNames": {"#s": "status"},
        "ExpressionAttributeValues": {":failed": {"S": "failed"}},
    }
    answer = dynamodb.scan(ProjectionExpression="file_id, #s", **arguments)
    assert answer["ScannedCount"] == 10
    assert sorted(item["file_id"]["S"] for item in answer["Items"]) == ["n0", "n1", "n2"]
    assert all(item.keys() == {"file_id", "status"} for item in answer["Items"])
    assert dynamodb.scan(Select="COUNT", **arguments)["Count"] == 3


def test_parallel_scan_segments_share_out_all_rows(dynamodb: Any, table: str) -> None:
    names = {f"s{number}" for number in range(40)}
    for name in names:
        dynamodb.put_item(TableName=table, Item=row(name))
    seen = [
        item["file_id"]["S"]
        for segment in range(3)
        for item in dynamodb.scan(TableName=table, Segment=segment, TotalSegments=3)["Items"]
    ]
    assert len(seen) == len(names)
    assert set(seen) == names


def test_status_index_lists_the_rows_of_a_state_by_time(dynamodb: Any, table: str) -> None:
    for at in ("2026-01-03", "2026-01-01", "2026-01-02"):
        dynamodb.put_item(TableName=table, Item=row(f"f-{at}", customer_id="failed", at=at))
    dynamodb.put_item(TableName=table, Item=row("other", customer_id="queued"))
    arguments = {
        "TableName": table,
        "IndexName": "by_customer",
        "KeyConditionExpression": "customer_id = :c AND #at >= :since",
        "ExpressionAttributeNames": {"#at": "at"},
        "ExpressionAttributeValues": {":c": {"S": "failed"}, ":since": {"S": "2026-01-02"}},
    }
    pages = dynamodb.get_paginator("query").paginate(**arguments, PaginationConfig={"PageSize": 1})
    found = [item["at"]["S"] for page in pages for item in page["Items"]]
    assert found == ["2026-01-02", "2026-01-03"]


def test_a_table_may_have_a_time_to_live(dynamodb: Any, table: str) -> None:
    wanted = {"AttributeName": "expires_at", "Enabled": True}
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=wanted)
    found = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert found["AttributeName"] == "expires_at"
    assert found["TimeToLiveStatus"] in ("ENABLING", "ENABLED")


def test_transaction_is_all_or_nothing(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=row("present"))

    def write(condition: str) -> None:
        dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table, "Item": row("in-transaction")}},
                {
                    "Update": {
                        "TableName": table,
                        "Key": {"file_id": {"S": "present"}},
                        "UpdateExpression": "SET touched = :t",
                        "ConditionExpression": condition,
                        "ExpressionAttributeValues": {":t": {"S": "yes"}},
                    }
                },
            ]
        )

    key = {"file_id": {"S": "in-transaction"}}
    assert code_of(lambda: write("attribute_not_exists(file_id)")) == "TransactionCanceledException"
    assert "Item" not in dynamodb.get_item(TableName=table, Key=key)
    write("attribute_exists(file_id)")
    assert dynamodb.get_item(TableName=table, Key=key)["Item"] == row("in-transaction")
    touched = dynamodb.get_item(TableName=table, Key={"file_id": {"S": "present"}})["Item"]
    assert touched["touched"] == {"S": "yes"}


def test_table_with_range_key(dynamodb: Any, unique: str) -> None:
    name = f"ranged-{unique}"
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "p", "KeyType": "HASH"},
            {"AttributeName": "n", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "p", "AttributeType": "S"},
            {"AttributeName": "n", "AttributeType": "N"},
        ],
    )
    for number in (10, 9, 2):
        dynamodb.put_item(TableName=name, Item={"p": {"S": "x"}, "n": {"N": str(number)}})
    dynamodb.put_item(TableName=name, Item={"p": {"S": "y"}, "n": {"N": "1"}})
    assert "Item" not in dynamodb.get_item(TableName=name, Key={"p": {"S": "x"}, "n": {"N": "3"}})

    def numbers(pages: Any) -> list[str]:
        return [item["n"]["N"] for page in pages for item in page["Items"]]

    scanned = dynamodb.get_paginator("scan").paginate(TableName=name, PaginationConfig={"PageSize": 2})
    assert numbers(scanned) == ["2", "9", "10", "1"]
    queried = dynamodb.get_paginator("query").paginate(
        TableName=name,
        KeyConditionExpression="p = :p",
        ExpressionAttributeValues={":p": {"S": "x"}},
        ScanIndexForward=False,
        PaginationConfig={"PageSize": 2},
    )
    assert numbers(queried) == ["10", "9", "2"]
    dynamodb.delete_table(TableName=name)
    assert code_of(lambda: dynamodb.describe_table(TableName=name)) == "ResourceNotFoundException"
