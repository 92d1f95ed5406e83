"""What a function finds around it."""

from __future__ import annotations

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.aws import Aws, refused
from tests.conformance.functions import create_function, invoke, package, tool
from tests.conformance.marks import behaviour
from tests.conformance.waiting import eventually

pytestmark = pytest.mark.conformance


def look(aws: Aws) -> tuple[str, dict[str, Any], str]:
    """Return the shared function's ARN, what it found around it, and its request's id."""
    arn = aws.account.shared(tool)
    answer = invoke(aws.functions, arn, {"do": "look"})
    return arn, answer["Payload"], answer["ResponseMetadata"]["RequestId"]


@behaviour("lambda.context")
def test_context(aws: Aws) -> None:
    arn, found, request = look(aws)
    name = arn.rpartition(":")[2]
    context = found["context"]
    assert context.pop("log_stream_name")
    assert context == {
        "function_name": name,
        "function_version": "$LATEST",
        "invoked_function_arn": arn,
        "memory_limit_in_mb": "256",
        "aws_request_id": request,
        "log_group_name": f"/aws/lambda/{name}",
    }


@behaviour("lambda.time-left")
def test_time_left(aws: Aws) -> None:
    _, found, _ = look(aws)
    before, after = found["left_ms"]
    assert 0 < after < before <= 3000


@behaviour("lambda.environment")
def test_environment(aws: Aws) -> None:
    arn, found, _ = look(aws)
    environ = found["environ"]
    assert environ["AWS_LAMBDA_FUNCTION_NAME"] == arn.rpartition(":")[2]
    assert environ["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert environ["AWS_REGION"] == environ["AWS_DEFAULT_REGION"] == aws.account.region
    assert environ["_HANDLER"] == "handler.handler"
    assert environ["MINE"] == "yes"
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} <= environ.keys()
    assert {"LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "AWS_EXECUTION_ENV", "TZ"} <= environ.keys()


@behaviour("lambda.reserved-variable")
def test_reserved_variable(aws: Aws) -> None:
    code = refused(
        aws.functions.create_function,
        FunctionName=aws.name("reserved"),
        Runtime="python3.12",
        Role=aws.account.role,
        Handler="handler.handler",
        Code={"ZipFile": package("")},
        Environment={"Variables": {"AWS_REGION": "eu-west-1"}},
    )
    assert code == "InvalidParameterValueException"


@behaviour("lambda.code-folder")
def test_code_folder(aws: Aws) -> None:
    _, found, _ = look(aws)
    assert found["environ"]["LAMBDA_TASK_ROOT"] == "/var/task"
    assert found["cwd"] == "/var/task"
    assert found["file"] == "/var/task/handler.py"


FILES = """
    import os

    def handler(event, context):
        path = os.path.join(event["folder"] or os.environ["LAMBDA_TASK_ROOT"], event["name"])
        there = os.path.exists(path)
        with open(path, "a") as file:
            file.write("x")
        return there
"""


@behaviour("lambda.tmp")
def test_tmp(aws: Aws) -> None:
    name = aws.name("files")
    create_function(aws.account, aws, name, FILES)
    event = {"folder": "/tmp", "name": aws.unique}
    eventually(lambda: invoke(aws.functions, name, event)["Payload"] is True)


@behaviour("lambda.own-tmp")
def test_tmp_of_another_function(aws: Aws) -> None:
    names = [aws.name("files") for _ in range(2)]
    for name in names:
        create_function(aws.account, aws, name, FILES)
    event = {"folder": "/tmp", "name": aws.unique}
    assert [invoke(aws.functions, name, event)["Payload"] for name in names] == [False, False]


@behaviour("lambda.read-only")
def test_code_folder_is_read_only(aws: Aws) -> None:
    name = aws.name("files")
    create_function(aws.account, aws, name, FILES)
    answer = invoke(aws.functions, name, {"folder": None, "name": aws.unique})
    assert "FunctionError" in answer
    assert answer["Payload"]["errorType"] == "OSError"


@behaviour("lambda.warm")
def test_warm_environment(aws: Aws) -> None:
    arn = aws.account.shared(tool)

    def used_again() -> bool:
        return bool(invoke(aws.functions, arn, {"do": "look"})["Payload"]["calls"] > 1)

    eventually(used_again)


@behaviour("lambda.side-by-side")
def test_side_by_side(aws: Aws) -> None:
    name = aws.name("beside")
    source = """
        import time, uuid

        ME = str(uuid.uuid4())

        def handler(event, context):
            started = time.time()
            time.sleep(1)
            return {"me": ME, "started": started, "ended": time.time()}
    """
    create_function(aws.account, aws, name, source)

    def at_the_same_time() -> list[tuple[Any, Any]]:
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(lambda _: invoke(aws.functions, name)["Payload"], range(3)))
        return [
            (one, other)
            for one, other in itertools.combinations(answers, 2)
            if one["started"] < other["ended"] and other["started"] < one["ended"]
        ]

    pairs = eventually(at_the_same_time, what="two invocations at the same time")
    assert all(one["me"] != other["me"] for one, other in pairs)


@behaviour("lambda.payload")
def test_payload(aws: Aws) -> None:
    event = {"text": 'é😀\u2028"\\', "number": 1.5, "null": None, "list": [True, {}], "long": 2**53}
    answer = invoke(aws.functions, aws.account.shared(tool), event)
    assert answer["Payload"] == event
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer


@behaviour("lambda.log-tail")
def test_log_tail(aws: Aws) -> None:
    event = {"do": "say", "lines": ["first line", "second é"]}
    answer = invoke(aws.functions, aws.account.shared(tool), event, LogType="Tail")
    request = answer["ResponseMetadata"]["RequestId"]
    lines = answer["LogResult"].splitlines()
    assert {"first line", "second é"} <= set(lines)
    assert f"START RequestId: {request} Version: $LATEST" in lines
    assert f"END RequestId: {request}" in lines
    (report,) = (line for line in lines if line.startswith(f"REPORT RequestId: {request}"))
    assert "Billed Duration" in report
    assert "Memory Size: 256 MB" in report


@behaviour("lambda.new-code")
def test_new_code(aws: Aws) -> None:
    name = aws.name("changed")
    create_function(aws.account, aws, name, "def handler(event, context):\n    return 'old'\n")
    assert invoke(aws.functions, name)["Payload"] == "old"
    new = package("def handler(event, context):\n    return 'new'\n")
    aws.functions.update_function_code(FunctionName=name, ZipFile=new)
    aws.functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    assert invoke(aws.functions, name)["Payload"] == "new"


@behaviour("lambda.version-and-alias")
def test_version_and_alias(aws: Aws) -> None:
    name = aws.name("versions")
    create_function(
        aws.account, aws, name, "def handler(event, context):\n    return context.function_version\n"
    )
    version = aws.functions.publish_version(FunctionName=name)["Version"]
    aws.functions.create_alias(FunctionName=name, Name="live", FunctionVersion=version)

    def answer() -> Any:
        try:
            return invoke(aws.functions, name, Qualifier="live")["Payload"]
        except ClientError:  # the new version is not active yet
            return None

    assert version == "1"
    assert eventually(answer) == "1"
    assert invoke(aws.functions, name)["Payload"] == "$LATEST"


@behaviour("lambda.role")
def test_role(aws: Aws) -> None:
    iam, role = aws.account.client("iam"), aws.name("role")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    aws.at_end(lambda: iam.delete_role(RoleName=role))
    name = aws.name("powerless")
    source = """
        import boto3

        def handler(event, context):
            boto3.client("s3").list_buckets()
    """
    create_function(aws.account, aws, name, source, Role=arn)
    answer = invoke(aws.functions, name)
    assert "FunctionError" in answer
    assert answer["Payload"]["errorType"] == "ClientError"
