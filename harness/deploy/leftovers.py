"""Deletes what stays when a CloudFormation stack is deleted: what it retains, and what AWS made beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.aws import translated
from harness.deploy import buckets
from harness.deploy.api_created import ClientOf
from harness.exceptions import AwsError

BUCKET = "AWS::S3::Bucket"
HOLDS_DATA = frozenset({BUCKET, "AWS::DynamoDB::Table"})
"""Types that hold what users would miss."""
_FUNCTION = "AWS::Lambda::Function"
_GONE = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)


def delete(client_of: ClientOf, type_: str, physical_id: str) -> bool:
    """Delete one resource of a deleted stack, if it is still there and of a type that templates retain.

    A function takes its log group along, which Lambda may have made by itself.

    :return: whether such a resource cannot exist any more
    :raises AwsError: AWS refuses
    """
    if type_ not in _DELETERS:
        return False
    try:
        with translated(f"deleting {physical_id} ({type_})"):
            _DELETERS[type_](client_of, physical_id)
    except AwsError as exc:
        if exc.code not in _GONE:
            raise
    return type_ != _FUNCTION


def _bucket(client_of: ClientOf, name: str) -> None:
    s3 = client_of("s3")
    buckets.empty(s3, name)
    buckets.delete(s3, name)


def _table(client_of: ClientOf, name: str) -> None:
    dynamodb = client_of("dynamodb")
    dynamodb.delete_table(TableName=name)
    dynamodb.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 2})


def _log_group(client_of: ClientOf, name: str) -> None:
    client_of("logs").delete_log_group(logGroupName=name)


def _queue(client_of: ClientOf, url: str) -> None:
    client_of("sqs").delete_queue(QueueUrl=url)


def _log_group_of_function(client_of: ClientOf, function: str) -> None:
    _log_group(client_of, f"/aws/lambda/{function}")


_DELETERS: Mapping[str, Callable[[ClientOf, Any], None]] = {
    "AWS::DynamoDB::Table": _table,
    _FUNCTION: _log_group_of_function,
    "AWS::Logs::LogGroup": _log_group,
    BUCKET: _bucket,
    "AWS::SQS::Queue": _queue,
}
