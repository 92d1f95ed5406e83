"""What the caller of a function gets when something is wrong, and the limits."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.aws import Aws, refused
from tests.conformance.functions import TOOL, create_function, invoke, tool
from tests.conformance.marks import behaviour
from tests.conformance.queues import create_queue
from tests.conformance.waiting import eventually

pytestmark = pytest.mark.conformance

MB = 1024 * 1024


@behaviour("lambda.exception")
def test_exception(aws: Aws) -> None:
    answer = invoke(aws.functions, aws.account.shared(tool), {"do": "fail", "message": "not é"})
    error = answer["Payload"]
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (error["errorType"], error["errorMessage"]) == ("Refused", "not é")
    assert error["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert any("raise Refused" in line for line in error["stackTrace"])


@behaviour("lambda.timeout")
def test_timeout(aws: Aws) -> None:
    answer = invoke(aws.functions, aws.account.shared(tool), {"do": "sleep", "s": 60})
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 3.00 seconds" in answer["Payload"]["errorMessage"]


@behaviour("lambda.after-timeout")
def test_environment_after_a_timeout(aws: Aws) -> None:
    name = aws.name("timeout")
    create_function(aws.account, aws, name, TOOL, Timeout=3)
    aws.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    assert "FunctionError" in invoke(aws.functions, name, {"do": "sleep", "s": 60})
    assert invoke(aws.functions, name, {"do": "look"})["Payload"]["calls"] == 1


@behaviour("lambda.exit")
def test_exit(aws: Aws) -> None:
    answer = invoke(aws.functions, aws.account.shared(tool), {"do": "exit"})
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Runtime.ExitError"


def error_of(aws: Aws, source: str, **more: str) -> str:
    """Return the error type of a new function's first invocation."""
    name = aws.name("broken")
    create_function(aws.account, aws, name, source, **more)
    return str(invoke(aws.functions, name)["Payload"]["errorType"])


@behaviour("lambda.missing-handler")
def test_missing_handler(aws: Aws) -> None:
    assert error_of(aws, "x = 1\n", Handler="handler.none") == "Runtime.HandlerNotFound"


@behaviour("lambda.import-error")
def test_import_error(aws: Aws) -> None:
    assert error_of(aws, "import no_such_module\n") == "Runtime.ImportModuleError"


@behaviour("lambda.answer-is-no-json")
def test_answer_is_no_json(aws: Aws) -> None:
    answer = invoke(aws.functions, aws.account.shared(tool), {"do": "no-json"})
    assert answer["Payload"]["errorType"] == "Runtime.MarshalError"


@behaviour("lambda.request-limit")
def test_request_limit(aws: Aws) -> None:
    function = aws.account.shared(tool)
    largest = {"do": "nothing", "text": "x" * (5 * MB)}
    assert invoke(aws.functions, function, largest)["Payload"] == largest
    code = refused(invoke, client=aws.functions, function=function, payload="x" * (6 * MB + 1))
    assert code in {"RequestTooLargeException", "RequestEntityTooLargeException"}


@behaviour("lambda.response-limit")
def test_response_limit(aws: Aws) -> None:
    function = aws.account.shared(tool)
    assert len(invoke(aws.functions, function, {"do": "large", "size": 5 * MB})["Payload"]) == 5 * MB
    answer = invoke(aws.functions, function, {"do": "large", "size": 6 * MB + 1024})
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Function.ResponseSizeTooLarge"


@behaviour("lambda.memory")
def test_memory(aws: Aws) -> None:
    name = aws.name("hungry")
    source = "def handler(event, context):\n    return len(b'x' * (256 * 1024 * 1024))\n"
    create_function(aws.account, aws, name, source, MemorySize=128)
    assert "FunctionError" in invoke(aws.functions, name)


@behaviour("lambda.throttled")
def test_throttled(aws: Aws) -> None:
    name = aws.name("throttled")
    create_function(aws.account, aws, name, TOOL)
    aws.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as caught:
        aws.functions.invoke(FunctionName=name)
    answer = caught.value.response
    assert answer["Error"]["Code"] == "TooManyRequestsException"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert answer["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"  # type: ignore[typeddict-item]


@behaviour("lambda.reserved")
def test_reserved_concurrency(aws: Aws) -> None:
    name = aws.name("reserved")
    create_function(aws.account, aws, name, TOOL)
    aws.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(invoke, aws.functions, name, {"do": "sleep", "s": 6})

        def is_refused() -> bool:
            try:
                aws.account.client("lambda", retries=False).invoke(FunctionName=name, Payload=b"{}")
            except ClientError as exc:
                return exc.response["Error"]["Code"] == "TooManyRequestsException"
            return False

        def outcome() -> str | None:
            if is_refused():
                return "refused"
            return "never refused" if running.done() else None

        assert eventually(outcome) == "refused"


@behaviour("lambda.asynchronous")
def test_asynchronous(aws: Aws) -> None:
    line = f"ran {aws.unique}"
    event = json.dumps({"do": "say", "lines": [line]})
    arn = aws.account.shared(tool)
    answer = aws.functions.invoke(FunctionName=arn, Payload=event, InvocationType="Event")
    assert answer["StatusCode"] == 202
    group = f"/aws/lambda/{arn.rpartition(':')[2]}"

    def lines() -> list[Any]:
        try:
            found = aws.logs.filter_log_events(logGroupName=group, filterPattern=f'"{line}"')
        except aws.logs.exceptions.ResourceNotFoundException:
            return []  # the group is made with the first line
        return list(found["events"])

    eventually(lines)


@behaviour("lambda.on-failure")
def test_failure_destination(aws: Aws) -> None:
    name, queue = aws.name("failing"), create_queue(aws)
    create_function(aws.account, aws, name, TOOL)
    aws.functions.put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": queue.arn}},
    )
    event = {"do": "fail"}
    aws.functions.invoke(FunctionName=name, Payload=json.dumps(event), InvocationType="Event")
    (record,) = queue.take_json(1)
    assert record["requestPayload"] == event
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorType"] == "Refused"


@behaviour("lambda.dry-run")
def test_dry_run(aws: Aws) -> None:
    answer = aws.functions.invoke(FunctionName=aws.account.shared(tool), InvocationType="DryRun")
    assert answer["StatusCode"] == 204


@behaviour("lambda.missing-function")
def test_missing_function(aws: Aws) -> None:
    assert refused(aws.functions.invoke, FunctionName=aws.name("none")) == "ResourceNotFoundException"
