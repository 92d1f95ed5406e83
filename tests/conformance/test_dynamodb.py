"""Rows in DynamoDB: conditions, transactions, batches, and what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.aws import Aws, refusal, refused
from tests.conformance.marks import behaviour
from tests.conformance.tables import create_table, texts
from tests.conformance.waiting import eventually

pytestmark = pytest.mark.conformance

NEW = {"ConditionExpression": "attribute_not_exists(id)"}
FAILED = "ConditionalCheckFailedException"
WRITERS = 8
KB = 1024


def row_of(aws: Aws, table: str, **key: str) -> Any:
    return aws.dynamodb.get_item(TableName=table, Key=texts(**key), ConsistentRead=True).get("Item")


@behaviour("dynamodb.condition")
def test_condition(aws: Aws) -> None:
    table = create_table(aws)
    aws.dynamodb.put_item(TableName=table, Item=texts(id="a", by="first"), **NEW)
    put = {"TableName": table, "Item": texts(id="a", by="second"), **NEW}
    assert refused(aws.dynamodb.put_item, **put) == FAILED
    assert row_of(aws, table, id="a") == texts(id="a", by="first")


@behaviour("dynamodb.old-row")
def test_row_in_the_way(aws: Aws) -> None:
    table = create_table(aws)
    aws.dynamodb.put_item(TableName=table, Item=texts(id="a", by="first"))
    put = {"TableName": table, "Item": texts(id="a"), **NEW, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    assert refusal(aws.dynamodb.put_item, **put).get("Item") == texts(id="a", by="first")


@behaviour("dynamodb.race")
def test_conditional_puts_at_once(aws: Aws) -> None:
    table = create_table(aws)

    def put(number: int) -> str:
        try:
            aws.dynamodb.put_item(TableName=table, Item=texts(id="a", by=str(number)), **NEW)
        except ClientError as exc:
            return str(exc.response["Error"]["Code"])
        return "done"

    with ThreadPoolExecutor(WRITERS) as pool:
        outcomes = list(pool.map(put, range(WRITERS)))
    assert (outcomes.count("done"), outcomes.count(FAILED)) == (1, WRITERS - 1)


def update(aws: Aws, table: str, expression: Any, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = aws.dynamodb.update_item(
        TableName=table, Key=texts(id="a"), UpdateExpression=expression, ReturnValues="ALL_NEW", **more
    )
    return answer


@behaviour("dynamodb.conditional-update")
def test_conditional_update(aws: Aws) -> None:
    table = create_table(aws)
    aws.dynamodb.put_item(TableName=table, Item=texts(id="a", state="new"))
    change = {
        "expression": "SET #s = :done",
        "ConditionExpression": "#s = :new",
        "ExpressionAttributeNames": {"#s": "state"},
        "ExpressionAttributeValues": {":new": {"S": "new"}, ":done": {"S": "done"}},
    }
    assert update(aws, table, **change)["Attributes"] == texts(id="a", state="done")
    assert refused(update, aws=aws, table=table, **change) == FAILED
    delete = {"TableName": table, "Key": texts(id="none"), "ConditionExpression": "attribute_exists(id)"}
    assert refused(aws.dynamodb.delete_item, **delete) == FAILED


@behaviour("dynamodb.counter")
def test_counter(aws: Aws) -> None:
    table = create_table(aws)

    def add(_: int) -> None:
        update(aws, table, "ADD n :one", ExpressionAttributeValues={":one": {"N": "1"}})

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(add, range(4 * WRITERS)))
    assert row_of(aws, table, id="a")["n"] == {"N": str(4 * WRITERS)}


@behaviour("dynamodb.update-expressions")
def test_update_expressions(aws: Aws) -> None:
    table = create_table(aws)
    aws.dynamodb.put_item(TableName=table, Item={**texts(id="a", gone="x"), "l": {"L": [{"N": "1"}]}})
    change = "SET l = list_append(l, :more), #f = if_not_exists(#f, :v) REMOVE gone"
    for number in ("5", "6"):
        update(
            aws,
            table,
            change,
            ExpressionAttributeNames={"#f": "first"},
            ExpressionAttributeValues={":v": {"N": number}, ":more": {"L": [{"N": number}]}},
        )
    row = row_of(aws, table, id="a")
    assert row == {"id": {"S": "a"}, "l": {"L": [{"N": "1"}, {"N": "5"}, {"N": "6"}]}, "first": {"N": "5"}}


@behaviour("dynamodb.transaction")
def test_transaction(aws: Aws) -> None:
    table = create_table(aws)
    aws.dynamodb.put_item(TableName=table, Item=texts(id="there"))
    actions = [{"Put": {"TableName": table, "Item": texts(id=each), **NEW}} for each in ("new", "there")]
    answer = refusal(aws.dynamodb.transact_write_items, TransactItems=actions)
    assert answer["Error"]["Code"] == "TransactionCanceledException"
    reasons = [reason["Code"] for reason in answer["CancellationReasons"]]
    assert reasons == ["None", "ConditionalCheckFailed"]
    assert row_of(aws, table, id="new") is None


@behaviour("dynamodb.transaction-limits")
def test_limits_of_a_transaction(aws: Aws) -> None:
    table = create_table(aws)
    write = aws.dynamodb.transact_write_items

    def actions(ids: list[str]) -> list[dict[str, Any]]:
        return [{"Put": {"TableName": table, "Item": texts(id=each)}} for each in ids]

    write(TransactItems=actions([str(number) for number in range(100)]))
    too_many = actions([str(number) for number in range(101)])
    assert refused(write, TransactItems=too_many) == "ValidationException"
    assert refused(write, TransactItems=actions(["a", "a"])) == "ValidationException"


@behaviour("dynamodb.batch")
def test_batch(aws: Aws) -> None:
    table = create_table(aws)

    def requests(ids: list[str]) -> dict[str, Any]:
        return {table: [{"PutRequest": {"Item": texts(id=each)}} for each in ids]}

    write = aws.dynamodb.batch_write_item
    assert write(RequestItems=requests([str(number) for number in range(25)]))["UnprocessedItems"] == {}
    assert refused(write, RequestItems=requests(["a", "a"])) == "ValidationException"


@behaviour("dynamodb.batch-size")
def test_batch_of_26(aws: Aws) -> None:
    table = create_table(aws)
    puts = [{"PutRequest": {"Item": texts(id=str(number))}} for number in range(26)]
    assert refused(aws.dynamodb.batch_write_item, RequestItems={table: puts}) == "ValidationException"


@behaviour("dynamodb.batch-statements")
def test_batch_of_statements(aws: Aws) -> None:
    table = create_table(aws)
    aws.dynamodb.put_item(TableName=table, Item=texts(id="there"))
    statements = [
        {"Statement": f"INSERT INTO \"{table}\" VALUE {{'id': ?}}", "Parameters": [{"S": identifier}]}
        for identifier in ("new", "there")
    ]
    done, failed = aws.dynamodb.batch_execute_statement(Statements=statements)["Responses"]
    assert "Error" not in done
    assert failed["Error"]["Code"] == "DuplicateItem"
    assert row_of(aws, table, id="new") == texts(id="new")


@behaviour("dynamodb.query")
def test_query(aws: Aws) -> None:
    table = create_table(aws, sort_key=True)
    for at in ("3", "1", "4", "2", "5"):
        aws.dynamodb.put_item(TableName=table, Item=texts(id="a", at=at))
    values = {":id": {"S": "a"}, ":from": {"S": "2"}}
    query = {
        "TableName": table,
        "KeyConditionExpression": "id = :id AND #at >= :from",
        "ExpressionAttributeNames": {"#at": "at"},
        "ExpressionAttributeValues": values,
        "ConsistentRead": True,
    }
    pages = aws.dynamodb.get_paginator("query").paginate(**query, PaginationConfig={"PageSize": 2})
    found = [[item["at"]["S"] for item in page["Items"]] for page in pages]
    assert [page for page in found if page] == [["2", "3"], ["4", "5"]]
    backwards = aws.dynamodb.query(**query, ScanIndexForward=False)["Items"]
    assert [item["at"]["S"] for item in backwards] == ["5", "4", "3", "2"]


@behaviour("dynamodb.filter")
def test_filter(aws: Aws) -> None:
    table = create_table(aws, sort_key=True)
    for at in ("1", "2", "3"):
        aws.dynamodb.put_item(TableName=table, Item=texts(id="a", at=at, odd=str(int(at) % 2)))
    answer = aws.dynamodb.query(
        TableName=table,
        KeyConditionExpression="id = :id",
        FilterExpression="odd = :odd",
        ExpressionAttributeValues={":id": {"S": "a"}, ":odd": {"S": "1"}},
        Limit=2,
    )
    assert (answer["Count"], answer["ScannedCount"]) == (1, 2)
    assert answer["LastEvaluatedKey"] == texts(id="a", at="2")


@behaviour("dynamodb.page-size")
def test_page_of_a_scan(aws: Aws) -> None:
    table = create_table(aws)
    for number in range(4):
        aws.dynamodb.put_item(TableName=table, Item=texts(id=str(number), text="x" * 350 * KB))
    page = aws.dynamodb.scan(TableName=table)
    assert 0 < page["Count"] < 4
    rest = aws.dynamodb.scan(TableName=table, ExclusiveStartKey=page["LastEvaluatedKey"])
    assert page["Count"] + rest["Count"] == 4


INDEX = {
    "IndexName": "by_customer",
    "KeySchema": [{"AttributeName": "customer", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "KEYS_ONLY"},
}


def query_of_index(table: str) -> dict[str, Any]:
    return {
        "TableName": table,
        "IndexName": "by_customer",
        "KeyConditionExpression": "customer = :c",
        "ExpressionAttributeValues": {":c": {"S": "c"}},
    }


@behaviour("dynamodb.index")
def test_index(aws: Aws) -> None:
    table = create_table(aws, GlobalSecondaryIndexes=[INDEX])
    aws.dynamodb.put_item(TableName=table, Item=texts(id="a", customer="c", more="x"))
    aws.dynamodb.put_item(TableName=table, Item=texts(id="b", customer="other"))
    query = query_of_index(table)
    assert eventually(lambda: aws.dynamodb.query(**query)["Items"]) == [texts(id="a", customer="c")]
    assert refused(aws.dynamodb.query, **query, ConsistentRead=True) == "ValidationException"


@behaviour("dynamodb.sparse-index")
def test_index_without_a_row(aws: Aws) -> None:
    table = create_table(aws, GlobalSecondaryIndexes=[INDEX])
    aws.dynamodb.put_item(TableName=table, Item=texts(id="without"))
    aws.dynamodb.put_item(TableName=table, Item=texts(id="a", customer="c"))
    query = query_of_index(table)
    assert eventually(lambda: aws.dynamodb.query(**query)["Items"]) == [texts(id="a", customer="c")]
    assert len(aws.dynamodb.scan(TableName=table, IndexName="by_customer")["Items"]) == 1


@behaviour("dynamodb.row-size")
def test_row_size(aws: Aws) -> None:
    table = create_table(aws)
    aws.dynamodb.put_item(TableName=table, Item=texts(id="a", text="x" * 390 * KB))
    large = {"TableName": table, "Item": texts(id="a", text="x" * 401 * KB)}
    assert refused(aws.dynamodb.put_item, **large) == "ValidationException"


@behaviour("dynamodb.empty-key")
def test_empty_key(aws: Aws) -> None:
    table = create_table(aws)
    aws.dynamodb.put_item(TableName=table, Item=texts(id="a", text=""))
    assert row_of(aws, table, id="a") == texts(id="a", text="")
    assert refused(aws.dynamodb.put_item, TableName=table, Item=texts(id="")) == "ValidationException"


@behaviour("dynamodb.numbers")
def test_numbers(aws: Aws) -> None:
    table, longest = create_table(aws), "1" * 38
    numbers = {"n": {"N": "001.50"}, "long": {"N": longest}}
    aws.dynamodb.put_item(TableName=table, Item={**texts(id="a"), **numbers})
    row = row_of(aws, table, id="a")
    assert (row["n"], row["long"]) == ({"N": "1.5"}, {"N": longest})
    item = {**texts(id="b"), "n": {"N": "1" * 39}}
    assert refused(aws.dynamodb.put_item, TableName=table, Item=item) == "ValidationException"


@behaviour("dynamodb.reserved-words")
def test_reserved_words(aws: Aws) -> None:
    table = create_table(aws)
    change = {"expression": "SET status = :v", "ExpressionAttributeValues": {":v": {"S": "x"}}}
    assert refused(update, aws=aws, table=table, **change) == "ValidationException"


@behaviour("dynamodb.missing-table")
def test_missing_table(aws: Aws) -> None:
    table = create_table(aws)
    missing = {"TableName": aws.name("none"), "Key": texts(id="a")}
    assert refused(aws.dynamodb.get_item, **missing) == "ResourceNotFoundException"
    again = {
        "TableName": table,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
    assert refused(aws.dynamodb.create_table, **again) == "ResourceInUseException"


@behaviour("dynamodb.consumed-capacity")
def test_consumed_capacity(aws: Aws) -> None:
    item = texts(id="a", text="x" * 2500)
    answer = aws.dynamodb.put_item(TableName=create_table(aws), Item=item, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 3


@behaviour("dynamodb.stream")
def test_stream(aws: Aws) -> None:
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    table = create_table(aws, StreamSpecification=stream)
    for by in ("first", "second"):
        aws.dynamodb.put_item(TableName=table, Item=texts(id="a", by=by))
    arn = aws.dynamodb.describe_table(TableName=table)["Table"].get("LatestStreamArn")
    assert arn
    streams = aws.account.client("dynamodbstreams")
    shards = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]

    def records() -> list[dict[str, Any]]:
        """Look into all shards: a new table on AWS has several, and a row's changes are all in one."""
        found: list[dict[str, Any]] = []
        for shard in shards:
            start = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterator = streams.get_shard_iterator(**start)["ShardIterator"]
            found += streams.get_records(ShardIterator=iterator)["Records"]
        return found if len(found) == 2 else []

    first, second = eventually(records, deadline_s=30)
    assert (first["eventName"], second["eventName"]) == ("INSERT", "MODIFY")
    assert second["dynamodb"]["OldImage"] == texts(id="a", by="first")
