"""A table in memory that answers the few requests of the metadata module."""

# ruff: noqa: N803  (arguments are named as in AWS's API)
from __future__ import annotations

import re
from typing import Any

from tests.unit.pipeline.fake_s3 import client_error


class FakeDynamoDB:
    """`refuse` makes statements fail with a code; `down` makes whole requests fail."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.refuse: str | None = None
        self.down: str | Exception | None = None

    def batch_execute_statement(self, *, Statements: list[dict[str, Any]]) -> dict[str, Any]:
        self.calls.append("BatchExecuteStatement")
        self._fail_if_down()
        return {"Responses": [self._insert(**statement) for statement in Statements]}

    def update_item(
        self,
        *,
        TableName: str,
        Key: dict[str, Any],
        ConditionExpression: str,
        UpdateExpression: str,
        ExpressionAttributeNames: dict[str, str],
        ExpressionAttributeValues: dict[str, Any],
    ) -> None:
        self.calls.append("UpdateItem")
        self._fail_if_down()
        assert ConditionExpression == "#status = :failed"
        row = self.rows[Key["file_id"]["S"]]
        if row["status"] != ExpressionAttributeValues[":failed"]:
            raise client_error("ConditionalCheckFailedException")
        names, values = ExpressionAttributeNames, ExpressionAttributeValues
        for name, value in re.findall(r"(#\w+) = (:\w+)", UpdateExpression):
            row[names[name]] = values[value]
        if removed := re.search(r"REMOVE ([^:]*?) ADD", UpdateExpression):
            for name in removed[1].split(", "):
                row.pop(names[name], None)
        row["attempts"] = {"N": str(int(row["attempts"]["N"]) + 1)}

    def _fail_if_down(self) -> None:
        if self.down:
            raise client_error(self.down) if isinstance(self.down, str) else self.down

    def _insert(self, Statement: str, Parameters: list[dict[str, Any]]) -> dict[str, Any]:
        if self.refuse:
            return {"Error": {"Code": self.refuse, "Message": "test"}}
        names = re.findall(r"'(\w+)': \?", Statement)
        row = dict(zip(names, Parameters, strict=True))
        file_id = row["file_id"]["S"]
        if file_id in self.rows:
            return {"Error": {"Code": "DuplicateItem", "Message": "test"}}
        self.rows[file_id] = row
        return {"TableName": "table"}
