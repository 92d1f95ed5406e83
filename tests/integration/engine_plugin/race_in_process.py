"""Run by LocalStack's own Python: races the DynamoDB provider where threads change every 10 µs.

Over HTTP two requests rarely meet inside moto, so that a missing lock would go unnoticed. Prints, as JSON,
how many of the racing threads won each round.
"""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

from floodgate_localstack.dynamodb import provider, storage

RACERS = 16
ROUNDS = 40


def call(operation: str, body: dict[str, Any]) -> int:
    """Return the HTTP status of one operation."""
    request = SimpleNamespace(get_data=lambda: json.dumps(body).encode())
    context = SimpleNamespace(request=request, account_id="000000000000", region="us-east-1", request_id="r")
    return int(provider._answer(context, operation).status_code)


def winners(operation: str, body: dict[str, Any]) -> int:
    barrier = threading.Barrier(RACERS)

    def race(_number: int) -> int:
        barrier.wait()
        return call(operation, body)

    with ThreadPoolExecutor(RACERS) as pool:
        return sum(status == 200 for status in pool.map(race, range(RACERS)))


def main() -> None:
    storage.patch_model()
    call(
        "create_table",
        {
            "TableName": "raced",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        },
    )
    sys.setswitchinterval(1e-5)
    rounds: dict[str, list[int]] = {"put_item": [], "execute_statement": []}
    for number in range(ROUNDS):
        put = {
            "TableName": "raced",
            "Item": {"k": {"S": f"put-{number}"}, "n": {"N": "1"}},
            "ConditionExpression": "attribute_not_exists(k)",
        }
        rounds["put_item"].append(winners("put_item", put))
        insert = {"Statement": f"INSERT INTO \"raced\" VALUE {{'k': 'insert-{number}', 'n': 1}}"}
        rounds["execute_statement"].append(winners("execute_statement", insert))
    print(json.dumps(rounds))


if __name__ == "__main__":
    main()
