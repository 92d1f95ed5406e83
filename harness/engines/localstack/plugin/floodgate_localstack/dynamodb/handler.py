"""moto's DynamoDB operations, called on the request body as it came in.

LocalStack's usual way to moto parses the request by its service model, has moto parse it again, parses moto's
answer and serialises it a second time. Here the JSON body goes in and the JSON answer comes out.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import BaseResponse
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import dynamo_json_dump
from moto.dynamodb.responses import DynamoHandler

from floodgate_localstack.dynamodb import reads, statements, transactions, updates
from floodgate_localstack.dynamodb.storage import OrderedItems, forget_json, item_json
from floodgate_localstack.dynamodb.views import find, key_of, view_of

_READ_BY_KEY_MEMBERS = frozenset({"TableName", "Key", "ConsistentRead"})
_PLAIN_UPDATE_MEMBERS = frozenset(
    {
        "TableName",
        "Key",
        "UpdateExpression",
        "ConditionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ReturnValues",
        "ReturnValuesOnConditionCheckFailure",
    }
)


class RawDynamoHandler(DynamoHandler):  # type: ignore[misc, unused-ignore]
    """One request: `body` is the parsed JSON, an operation returns JSON text or (status, headers, text).

    The locks of the tables concerned are held by the caller.
    """

    def __init__(self, account_id: str, region: str, body: dict[str, Any]) -> None:
        BaseResponse.__init__(self, service_name="dynamodb")
        self.body = body
        self.region = region
        self.current_account = account_id
        self.response_headers: dict[str, Any] = {}
        self._view: DynamoDBBackend | None = None

    @property
    def dynamodb_backend(self) -> DynamoDBBackend:
        return self._view or dynamodb_backends[self.current_account][self.region]

    def create_table(self) -> str:
        answer: str = super().create_table()
        table = self.dynamodb_backend.get_table(self.body["TableName"])
        table.items = OrderedItems(has_range_key=table.has_range_key)
        return answer

    def get_item(self) -> Any:
        table = self.dynamodb_backend.get_table(self.body["TableName"])
        is_plain = self.body.keys() <= _READ_BY_KEY_MEMBERS and set(self.body["Key"]) == set(
            table.table_key_attrs
        )
        item = find(table, key_of(table, self.body["Key"])) if is_plain else None
        if item is None:
            return super().get_item()
        return f'{{"Item":{item_json(item)[0]}}}'

    def update_item(self) -> Any:
        table = self.dynamodb_backend.get_table(self.body["TableName"])
        plain = self._plain_update(table)
        if plain is not None and (item := updates.apply(table, plain)) is not None:
            return f'{{"Attributes":{item_json(item)[0]}}}' if "ReturnValues" in self.body else "{}"
        answer = super().update_item()
        item = find(table, key_of(table, self.body["Key"]))
        if item is not None:
            forget_json(item)
        return answer

    def _plain_update(self, table: Table) -> updates.Request | None:
        body = self.body
        is_plain = body.keys() <= _PLAIN_UPDATE_MEMBERS and body.get("UpdateExpression")
        if not is_plain or set(body["Key"]) != set(table.table_key_attrs):
            return None
        if body.get("ReturnValues", "ALL_NEW") != "ALL_NEW":
            return None
        return updates.Request(
            key=body["Key"],
            update=body["UpdateExpression"],
            condition=body.get("ConditionExpression"),
            names=body.get("ExpressionAttributeNames", {}),
            values=body.get("ExpressionAttributeValues", {}),
            returns_old_on_failure=body.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD",
        )

    def scan(self) -> Any:
        table = self.dynamodb_backend.get_table(self.body["TableName"])
        if not reads.can_scan(table, self.body):
            return super().scan()
        return reads.scan(self, table)

    def query(self) -> Any:
        backend = self.dynamodb_backend
        table = backend.get_table(self.body["TableName"])
        candidates = reads.query_candidates(table, self.body)
        if candidates is not None:
            self._view = view_of(backend, {table.name: candidates})
        return super().query()

    def transact_write_items(self) -> Any:
        with transactions.on_named_rows(self.dynamodb_backend, self.body["TransactItems"]) as view:
            self._view = view
            return super().transact_write_items()

    def batch_execute_statement(self) -> str:
        answers = statements.execute_batch(self.dynamodb_backend, self.body.get("Statements", []))
        return dynamo_json_dump({"Responses": answers})

    def execute_statement(self) -> str:
        items = statements.execute_one(self.dynamodb_backend, self.body)
        return dynamo_json_dump({"Items": items})
