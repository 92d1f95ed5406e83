"""DynamoDB without Java: of writers that race, one wins, and no update is lost."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.engine_plugin.dynamodb_rows import row

pytestmark = pytest.mark.integration

RACERS = 16


def winners_of_race(attempt: Callable[[int], Any], expected_code: str) -> int:
    """Run `attempt` in many threads at the same moment; count those that did not fail."""
    barrier = threading.Barrier(RACERS)

    def run(number: int) -> bool:
        barrier.wait()
        try:
            attempt(number)
        except ClientError as exc:
            if exc.response["Error"]["Code"] != expected_code:
                raise
            return False
        return True

    with ThreadPoolExecutor(RACERS) as pool:
        return sum(pool.map(run, range(RACERS)))


def test_conditional_put_raced_by_many_threads_has_one_winner(dynamodb: Any, table: str) -> None:
    def put(key: str, number: int) -> None:
        dynamodb.put_item(
            TableName=table,
            Item=row(key, winner=str(number)),
            ConditionExpression="attribute_not_exists(file_id)",
        )

    for key in (f"raced-{number}" for number in range(15)):
        assert winners_of_race(partial(put, key), "ConditionalCheckFailedException") == 1


def test_a_race_inside_the_provider_has_one_winner(localstack_python: Path) -> None:
    script = Path(__file__).with_name("race_in_process.py")
    done = subprocess.run([localstack_python, script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for operation, winners in json.loads(done.stdout).items():
        assert set(winners) == {1}, operation


def test_partiql_insert_raced_by_many_threads_has_one_winner(dynamodb: Any, table: str) -> None:
    def insert(key: str, _number: int) -> None:
        dynamodb.execute_statement(
            Statement=f"INSERT INTO \"{table}\" VALUE {{'file_id': ?}}", Parameters=[{"S": key}]
        )

    for key in (f"inserted-{number}" for number in range(10)):
        assert winners_of_race(partial(insert, key), "DuplicateItemException") == 1


def test_counter_updated_by_many_threads_loses_no_update(dynamodb: Any, table: str) -> None:
    def count(_number: int) -> None:
        for _ in range(10):
            dynamodb.update_item(
                TableName=table,
                Key={"file_id": {"S": "counter"}},
                UpdateExpression="ADD hits :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

    assert winners_of_race(count, "none") == RACERS
    item = dynamodb.get_item(TableName=table, Key={"file_id": {"S": "counter"}})["Item"]
    assert item["hits"] == {"N": str(10 * RACERS)}
