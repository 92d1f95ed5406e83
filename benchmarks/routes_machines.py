"""A small pipeline of its own for `benchmarks.routes`: the AWS calls of the route `nested`, and nothing else.

For each file: rule → parent (Validate Lambda, child, SNS publish); child: Download Lambda, Choice, Upload
Lambda. The functions make the calls of the real ones: HeadObject, GetObject, CopyObject and two writes to
DynamoDB. With it the cost of the engine can be told from the cost of the handlers.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from harness.aws import client
from harness.engines.base import EngineInfo

TABLE = "BenchTransfers"
SOURCE, DESTINATION = "bench-source", "bench-destination"
_ROLE = "arn:aws:iam::000000000000:role/bench"

HANDLERS = """
import hashlib
import boto3

s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
TABLE, SOURCE, DESTINATION = "BenchTransfers", "bench-source", "bench-destination"


def _write(file_id, status):
    dynamodb.update_item(
        TableName=TABLE,
        Key={"file_id": {"S": file_id}},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": {"S": status}},
    )


def validate(event, context):
    key = event["detail"]["object"]["key"]
    head = s3.head_object(Bucket=SOURCE, Key=key)
    _write(key, "processing")
    return {"file_id": key, "key": key, "size_bytes": head["ContentLength"]}


def download(event, context):
    body = s3.get_object(Bucket=SOURCE, Key=event["key"])["Body"].read()
    return {"sha256": hashlib.sha256(body).hexdigest(), "format": "csv"}


def upload(event, context):
    key = event["key"]
    s3.copy_object(Bucket=DESTINATION, Key=key, CopySource={"Bucket": SOURCE, "Key": key})
    _write(event["file_id"], "transferred")
    return {"status": "transferred", "key": key}
"""

_RETRY = [
    {
        "ErrorEquals": ["Lambda.TooManyRequestsException", "Lambda.ServiceException"],
        "IntervalSeconds": 1,
        "MaxAttempts": 6,
        "BackoffRate": 2,
        "MaxDelaySeconds": 20,
        "JitterStrategy": "FULL",
    }
]


def create(engine: EngineInfo, *, child_type: str) -> str:
    """Make buckets, table, functions, both machines and the rule; return the parent's ARN.

    :param child_type: STANDARD (`startExecution.sync:2`) or EXPRESS (`startSyncExecution`)
    """
    _storage(engine)
    functions = _functions(engine)
    topic = client("sns", engine).create_topic(Name="bench-results")["TopicArn"]
    child = _machine(engine, "bench-child", _child(functions), child_type)
    parent = _machine(engine, "bench-parent", _parent(functions, child, topic, child_type), "STANDARD")
    _rule(engine, parent)
    return parent


def _storage(engine: EngineInfo) -> None:
    s3 = client("s3", engine)
    for bucket in (SOURCE, DESTINATION):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_notification_configuration(
        Bucket=SOURCE, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    client("dynamodb", engine).create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "file_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def _functions(engine: EngineInfo) -> dict[str, str]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handlers.py", HANDLERS)
    functions = client("lambda", engine)
    arns = {}
    for name in ("validate", "download", "upload"):
        answer = functions.create_function(
            FunctionName=f"bench-{name}",
            Runtime="python3.11",
            Handler=f"handlers.{name}",
            Role=_ROLE,
            Timeout=30,
            MemorySize=256,
            Code={"ZipFile": buffer.getvalue()},
        )
        arns[name] = str(answer["FunctionArn"])
        functions.get_waiter("function_active_v2").wait(
            FunctionName=f"bench-{name}", WaiterConfig={"Delay": 1}
        )
    return arns


def _machine(engine: EngineInfo, name: str, definition: dict[str, Any], kind: str) -> str:
    answer = client("stepfunctions", engine).create_state_machine(
        name=name, roleArn=_ROLE, type=kind, definition=json.dumps(definition)
    )
    return str(answer["stateMachineArn"])


def _invoke(function: str, payload: dict[str, str], result_path: str, then: str) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload": payload},
        "ResultSelector": {"value.$": "$.Payload"},
        "ResultPath": result_path,
        "TimeoutSeconds": 60,
        "Retry": _RETRY,
        "Next": then,
    }


def _child(functions: dict[str, str]) -> dict[str, Any]:
    is_csv = {"Variable": "$.download.value.format", "StringEquals": "csv", "Next": "Upload"}
    file = {"key.$": "$.file.value.key", "file_id.$": "$.file.value.file_id"}
    return {
        "StartAt": "Download",
        "TimeoutSeconds": 300,
        "States": {
            "Download": _invoke(functions["download"], file, "$.download", "Format"),
            "Format": {"Type": "Choice", "Choices": [is_csv], "Default": "Upload"},
            "Upload": _invoke(functions["upload"], file, "$.upload", "Done"),
            "Done": {"Type": "Succeed", "OutputPath": "$.upload.value"},
        },
    }


def _parent(functions: dict[str, str], child: str, topic: str, child_type: str) -> dict[str, Any]:
    standard = child_type == "STANDARD"
    action = "states:startExecution.sync:2" if standard else "aws-sdk:sfn:startSyncExecution"
    return {
        "StartAt": "Validate",
        "TimeoutSeconds": 600,
        "States": {
            "Validate": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": functions["validate"], "Payload.$": "$"},
                "ResultSelector": {"value.$": "$.Payload"},
                "ResultPath": "$.file",
                "TimeoutSeconds": 60,
                "Retry": _RETRY,
                "Next": "Transfer",
            },
            "Transfer": {
                "Type": "Task",
                "Resource": f"arn:aws:states:::{action}",
                "Parameters": {
                    "StateMachineArn": child,
                    "Name.$": "$.id",
                    "Input": {"file.$": "$.file", "detail.$": "$.detail"},
                },
                "ResultSelector": {"status.$": "$.Status"},
                "ResultPath": "$.transfer",
                "TimeoutSeconds": 300,
                "Next": "Notify",
            },
            "Notify": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sns:publish",
                "Parameters": {
                    "TopicArn": topic,
                    "Message": {"key.$": "$.detail.object.key", "status.$": "$.transfer.status"},
                },
                "ResultPath": None,
                "End": True,
            },
        },
    }


def _rule(engine: EngineInfo, parent: str) -> None:
    events = client("events", engine)
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [SOURCE]}},
    }
    events.put_rule(Name="bench", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="bench", Targets=[{"Id": "parent", "Arn": parent, "RoleArn": _ROLE}])
