"""The LocalStack side: which operation, which tables are locked, and the answer as it goes out."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

from localstack.aws.api import RequestContext, ServiceRequest, ServiceResponse
from localstack.aws.api.dynamodb import DynamodbApi
from localstack.aws.skeleton import DispatchTable
from localstack.http import Response
from localstack.services.moto import MotoFallbackDispatcher
from localstack.services.plugins import Service, aws_provider
from localstack.state import StateVisitor
from moto.core.exceptions import RESTError
from moto.core.utils import camelcase_to_underscores
from moto.dynamodb.models import dynamodb_backends

from floodgate_localstack.dynamodb import storage
from floodgate_localstack.dynamodb.handler import RawDynamoHandler
from floodgate_localstack.dynamodb.locks import TableLocks, plain_table_name
from floodgate_localstack.dynamodb.partiql import table_of

_TABLE_MEMBERS = ("TableName", "TargetTableName", "SourceTableName", "ResourceArn", "TableArn")
_LOCKS = TableLocks()


class DynamoDBProvider(DynamodbApi):  # type: ignore[misc, unused-ignore]
    """Has no operation of its own: each one is answered by moto through `RawDynamoHandler`."""

    def accept_state_visitor(self, visitor: StateVisitor) -> None:
        visitor.visit(dynamodb_backends)


@aws_provider(api="dynamodb", name="floodgate")
def floodgate_dynamodb() -> Service:
    """Entry point `localstack.aws.provider`, `dynamodb:floodgate`."""
    storage.patch_model()
    return Service.for_provider(DynamoDBProvider(), dispatch_table_factory=_dispatch_table)


def _dispatch_table(provider: object) -> DispatchTable:
    by_service_model = MotoFallbackDispatcher(provider)
    return {name: _operation(name, handler) for name, handler in by_service_model.items()}


def _operation(name: str, by_service_model: Any) -> Any:
    method_name = camelcase_to_underscores(name)

    def call(context: RequestContext, request: ServiceRequest) -> ServiceResponse | Response:
        if context.protocol != "json" or not hasattr(RawDynamoHandler, method_name):
            return by_service_model(context, request)
        return _answer(context, method_name)

    return call


def _answer(context: RequestContext, method_name: str) -> Response:
    body = json.loads(context.request.get_data() or b"{}")
    handler = RawDynamoHandler(context.account_id, context.region, body)
    with _LOCKS.held(context.account_id, context.region, _tables_of(body)):
        try:
            answer = getattr(handler, method_name)()
        except RESTError as exc:
            return _response(context, exc.code, exc.description)
    if isinstance(answer, str):
        return _response(context, 200, answer)
    status, _headers, text = answer
    return _response(context, int(status), text)


def _response(context: RequestContext, status: int, text: str) -> Response:
    content = text.encode() or b"{}"
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "x-amzn-RequestId": context.request_id,
        "x-amz-crc32": str(zlib.crc32(content)),
    }
    return Response(content, status, headers)


def _tables_of(body: dict[str, Any]) -> Iterator[str]:
    """The names of all tables that a request concerns, in whichever of DynamoDB's shapes it has."""
    for member in _TABLE_MEMBERS:
        if member in body:
            yield plain_table_name(body[member])
    for name in body.get("RequestItems", {}):
        yield plain_table_name(name)
    for transact_item in body.get("TransactItems", []):
        for operation in transact_item.values():
            yield plain_table_name(operation["TableName"])
    for statement in (body, *body.get("Statements", []), *body.get("TransactStatements", [])):
        if "Statement" in statement:
            yield table_of(statement["Statement"])
