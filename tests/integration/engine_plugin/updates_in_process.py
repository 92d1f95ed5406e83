"""Run by LocalStack's own Python: does the same updates in the plain way and in moto's, and compares.

Requests are made at random from parts, sensible and not. Prints, as JSON, how many were done in the plain way
and the requests whose answer or row differs. Left out is where moto differs from AWS: it takes the number 1
for `true`, refuses to read a key attribute in `if_not_exists`, and looks at the row's types before it asks
for the condition.
"""

from __future__ import annotations

import json
import random
from types import SimpleNamespace
from typing import Any

from floodgate_localstack.dynamodb import provider, storage, updates

REQUESTS = 1000
ATTRIBUTES = ("a", "b", "n", "status")
VALUES: tuple[dict[str, Any], ...] = (
    {"S": "x"},
    {"S": "y"},
    {"S": ""},
    {"N": "1"},
    {"N": "1.0"},
    {"N": "-7"},
    {"BOOL": False},
    {"L": []},
)
ROWS: tuple[dict[str, Any], ...] = (
    {},
    {"a": {"S": "x"}, "n": {"N": "1"}},
    {"n": {"N": "2.5"}, "b": {"BOOL": False}, "status": {"S": "y"}},
)

_apply = updates.apply
plain_count = 0


def counting_apply(*arguments: Any) -> Any:
    global plain_count
    item = _apply(*arguments)
    plain_count += item is not None
    return item


class Maker:
    """Makes one request, with the placeholders that it mentions, and now and then one too many or too few."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, *, may_be_key: bool = True) -> str:
        is_key = may_be_key and self.dice.random() < 0.05
        attribute = "k" if is_key else self.dice.choice(ATTRIBUTES)
        if self.dice.random() < 0.2:
            return attribute
        self.names[f"#{attribute}"] = attribute
        return f"#{attribute}"

    def value(self) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = self.dice.choice(VALUES)
        return placeholder

    def set_(self) -> str:
        kind = self.dice.random()
        if kind < 0.6:
            return f"{self.name()} = {self.value()}"
        if kind < 0.8:
            return f"{self.name()} = {self.name()} {self.dice.choice('+-')} {self.value()}"
        return f"{self.name()} = if_not_exists({self.name(may_be_key=False)}, {self.value()})"

    def update(self) -> str:
        clauses = ["SET " + ", ".join(self.set_() for _ in range(self.dice.randint(1, 2)))]
        if self.dice.random() < 0.3:
            clauses.append(f"REMOVE {self.name()}")
        if self.dice.random() < 0.3:
            clauses.append(f"ADD {self.name()} {self.value()}")
        return " ".join(clauses)

    def term(self) -> str:
        return self.dice.choice(
            (
                lambda: f"{self.name()} = {self.value()}",
                lambda: f"{self.name()} <> {self.value()}",
                lambda: f"{self.name()} IN ({self.value()}, {self.value()})",
                lambda: f"attribute_exists({self.name()})",
                lambda: f"attribute_not_exists({self.name()})",
                lambda: f"NOT {self.name()} = {self.value()}",
                lambda: f"begins_with({self.name()}, {self.value()})",
            )
        )()

    def condition(self) -> str:
        joined = self.dice.choice((" AND ", " OR ")).join(self.term() for _ in range(self.dice.randint(1, 2)))
        return f"({joined}) OR {self.term()}" if self.dice.random() < 0.3 else joined

    def request(self) -> dict[str, Any]:
        made = {"Key": {"k": {"S": "key"}}, "UpdateExpression": self.update(), "ReturnValues": "ALL_NEW"}
        if self.dice.random() < 0.6:
            made["ConditionExpression"] = self.condition()
        if self.dice.random() < 0.5:
            made["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if self.dice.random() < 0.03:
            self.names["#more"] = "more"
        if self.values and self.dice.random() < 0.03:
            self.values.popitem()
        if self.names:
            made["ExpressionAttributeNames"] = self.names
        if self.values:
            made["ExpressionAttributeValues"] = self.values
        return made


def call(operation: str, body: dict[str, Any]) -> tuple[int, Any]:
    request = SimpleNamespace(get_data=lambda: json.dumps(body).encode())
    context = SimpleNamespace(request=request, account_id="000000000000", region="us-east-1", request_id="r")
    response = provider._answer(context, operation)
    answer = json.loads(response.get_data())
    answer.pop("ConsumedCapacity", None)
    return response.status_code, answer


def outcome(request: dict[str, Any], row: dict[str, Any], apply: Any) -> Any:
    """Do the update on a fresh row; return the answer and the row. A crash of moto is an outcome, too."""
    updates.apply = apply
    key = request["Key"]
    call("delete_item", {"TableName": "t", "Key": key})
    if row:
        call("put_item", {"TableName": "t", "Item": {**key, **row}})
    try:
        answer = call("update_item", {"TableName": "t", **request})
    except Exception as exc:  # noqa: BLE001  (moto's own bugs: compared like any answer)
        answer = (500, type(exc).__name__)
    return [answer, call("get_item", {"TableName": "t", "Key": key})]


def _is_type_before_condition(plain: Any, moto: Any) -> bool:
    texts = json.dumps(moto[0])
    failed = "ConditionalCheckFailed" in json.dumps(plain[0])
    return failed and ("does not exist in the item" in texts or "incorrect data type" in texts)


def main() -> None:
    storage.patch_model()
    table = {
        "TableName": "t",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": "k", "AttributeType": "S"},
            {"AttributeName": "status", "AttributeType": "S"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "i",
                "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    }
    call("create_table", table)
    dice, differing = random.Random(1), []
    for _ in range(REQUESTS):
        request, row = Maker(dice).request(), dice.choice(ROWS)
        plain = outcome(request, row, counting_apply)
        moto = outcome(request, row, lambda *_: None)
        if plain != moto and not _is_type_before_condition(plain, moto):
            differing.append({"request": request, "row": row, "plain": plain, "moto": moto})
    print(json.dumps({"plain": plain_count, "differing": differing}))


if __name__ == "__main__":
    main()
