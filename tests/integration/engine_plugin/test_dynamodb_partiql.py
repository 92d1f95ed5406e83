"""DynamoDB without Java: PartiQL statements, alone and in batches."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.engine_plugin.dynamodb_rows import code_of, row

pytestmark = pytest.mark.integration


def test_batch_of_inserts_fails_only_where_the_row_exists(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=row("taken"))
    statement = f"INSERT INTO \"{table}\" VALUE {{'file_id': ?, 'status': ?, 'size_bytes': ?}}"
    answers = dynamodb.batch_execute_statement(
        Statements=[
            {"Statement": statement, "Parameters": [{"S": file_id}, {"S": "transferred"}, {"N": "5"}]}
            for file_id in ("new-1", "taken", "new-2")
        ]
    )["Responses"]
    assert [answer.get("Error", {}).get("Code") for answer in answers] == [None, "DuplicateItem", None]
    assert all(answer["TableName"] == table for answer in answers)
    item = dynamodb.get_item(TableName=table, Key={"file_id": {"S": "new-2"}})["Item"]
    assert item == {"file_id": {"S": "new-2"}, "status": {"S": "transferred"}, "size_bytes": {"N": "5"}}
    assert dynamodb.get_item(TableName=table, Key={"file_id": {"S": "taken"}})["Item"] == row("taken")


def test_conditional_update_statements_of_a_batch(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=row("a", status="failed"))
    dynamodb.put_item(TableName=table, Item=row("b", status="transferred"))
    statement = f'UPDATE "{table}" SET status = ?, "at" = ? WHERE file_id = ? AND status <> \'transferred\''
    answers = dynamodb.batch_execute_statement(
        Statements=[
            {
                "Statement": statement,
                "Parameters": [{"S": "transferred"}, {"S": "now"}, {"S": file_id}],
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
            for file_id in ("a", "b", "absent")
        ]
    )["Responses"]
    codes = [answer.get("Error", {}).get("Code") for answer in answers]
    assert codes == [None, "ConditionalCheckFailed", "ConditionalCheckFailed"]
    assert answers[1]["Error"]["Item"]["status"] == {"S": "transferred"}
    changed = dynamodb.get_item(TableName=table, Key={"file_id": {"S": "a"}})["Item"]
    assert (changed["status"], changed["at"]) == ({"S": "transferred"}, {"S": "now"})


@pytest.mark.parametrize("members", ["[?, ?]", "(?, ?)"])
def test_update_statements_of_a_batch_count_and_return_the_row(
    dynamodb: Any, table: str, members: str
) -> None:
    """`IN` takes a list in brackets (as AWS's documents show it) or in parentheses."""
    for file_id, status in (("a", "queued"), ("b", "transferred")):
        dynamodb.put_item(TableName=table, Item={**row(file_id, status=status), "attempts": {"N": "1"}})
    statement = (
        f'UPDATE "{table}" SET "attempts" = "attempts" + ? SET "at" = ? REMOVE "customer_id" '
        f'WHERE "file_id" = ? AND "status" IN {members} AND "attempts" = ? RETURNING ALL NEW *'
    )
    queued, other, absent = dynamodb.batch_execute_statement(
        Statements=[
            {
                "Statement": statement,
                "Parameters": [
                    {"N": "1"},
                    {"S": "now"},
                    {"S": file_id},
                    {"S": "queued"},
                    {"S": "x"},
                    {"N": "1"},
                ],
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
            for file_id in ("a", "b", "absent")
        ]
    )["Responses"]
    changed = {"file_id": "a", "status": "queued", "at": "now"}
    assert queued["Item"] == {**{name: {"S": text} for name, text in changed.items()}, "attempts": {"N": "2"}}
    assert (other["Error"]["Code"], other["Error"]["Item"]["attempts"]) == (
        "ConditionalCheckFailed",
        {"N": "1"},
    )
    assert absent["Error"]["Code"] == "ConditionalCheckFailed"
    assert "Item" not in absent["Error"]


def test_statements_that_aws_refuses(dynamodb: Any, table: str) -> None:
    def execute(statement: str) -> str:
        return code_of(lambda: dynamodb.execute_statement(Statement=statement))

    assert execute(f"UPDATE \"{table}\" SET a = 1 WHERE customer_id = 'x'") == "ValidationException"
    assert execute(f'INSERT INTO "{table}" VALUES (1)') == "ValidationException"
    assert execute("INSERT INTO \"absent\" VALUE {'file_id': 'x'}") == "ResourceNotFoundException"
    assert execute(f"INSERT INTO \"{table}\" VALUE {{'other': 'x'}}") == "ValidationException"


def test_select_statement(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=row("selected"))
    answer = dynamodb.execute_statement(
        Statement=f'SELECT * FROM "{table}" WHERE file_id = ?', Parameters=[{"S": "selected"}]
    )
    assert answer["Items"] == [row("selected")]
