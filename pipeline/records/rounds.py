"""Runs many small programs of PartiQL statements side by side, their statements together in few calls.

A program is a generator: it yields a statement, is sent what DynamoDB answered to it, and returns its result.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.records.errors import RowNotWrittenError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import BatchStatementRequestTypeDef

MAX_STATEMENTS = 25
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html"""
DUPLICATE = "DuplicateItem"
CONDITION = "ConditionalCheckFailed"

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What one statement brought."""

    item: Mapping[str, Any] | None = None
    """The row: changed, or as it stood in the way."""
    code: str | None = None
    """AWS's code of its error; `None` for success, empty for an error without one."""
    error: Exception | None = None

    @property
    def succeeded(self) -> bool:
        return self.error is None


Program = Generator["BatchStatementRequestTypeDef", Answer, T]


def run(dynamodb: DynamoDBClient, programs: Mapping[str, Program[T]]) -> dict[str, T]:
    """Run all programs to their end; return their results by name."""
    results: dict[str, T] = {}
    waiting: dict[str, BatchStatementRequestTypeDef] = {}

    def go_on(name: str, answer: Answer | None) -> None:
        try:
            waiting[name] = programs[name].send(answer)  # type: ignore[arg-type]  # None starts a generator
        except StopIteration as end:
            results[name] = end.value

    for name in programs:
        go_on(name, None)
    while waiting:
        names, statements = list(waiting)[:MAX_STATEMENTS], list(waiting.values())[:MAX_STATEMENTS]
        waiting = {name: waiting[name] for name in list(waiting)[MAX_STATEMENTS:]}
        for name, answer in zip(names, _execute(dynamodb, statements), strict=True):
            go_on(name, answer)
    return results


def _execute(
    dynamodb: DynamoDBClient, statements: Sequence[BatchStatementRequestTypeDef]
) -> Sequence[Answer]:
    try:
        answers: Any = dynamodb.batch_execute_statement(Statements=statements)["Responses"]
    except (ClientError, BotoCoreError) as exc:
        return [Answer(error=exc)] * len(statements)
    return [_answer(found) for found in answers]


def _answer(found: Mapping[str, Any]) -> Answer:
    error = found.get("Error")
    if not error:
        return Answer(item=found.get("Item"))
    code = error.get("Code", "")
    refused = RowNotWrittenError(f"{code}: {error.get('Message', '')}")
    return Answer(item=error.get("Item"), code=code, error=refused)
