"""Limits of concurrency, and how environments are shared."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.lambda_runtime.conftest import MAX_PROCESSES, Deploy
from tests.integration.lambda_runtime.engine_process import EngineProcess
from tests.integration.lambda_runtime.functions import Invoked, is_running, wait_until

pytestmark = pytest.mark.integration

SLEEP = """
    import os, time

    def handler(event, context):
        time.sleep(event.get("s", 0))
        return os.getpid()
"""


def throttles(outcomes: list[Invoked | Exception]) -> list[dict[str, Any]]:
    """The error answers among the outcomes, which must all be throttles."""
    errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    responses: list[dict[str, Any]] = [
        {**error.response} for error in errors if isinstance(error, ClientError)
    ]
    assert {response["Error"]["Code"] for response in responses} <= {"TooManyRequestsException"}
    assert {response["ResponseMetadata"]["HTTPStatusCode"] for response in responses} <= {429}
    return responses


def pids(outcomes: list[Invoked | Exception]) -> set[int]:
    return {outcome.payload for outcome in outcomes if isinstance(outcome, Invoked)}


def test_reserved_concurrency_throttles(deploy: Deploy, engine: EngineProcess) -> None:
    function = deploy(SLEEP)
    engine.client("lambda").put_function_concurrency(
        FunctionName=function.name, ReservedConcurrentExecutions=1
    )
    outcomes = function.invoke_together([{"s": 1.5}] * 3)
    refused = throttles(outcomes)
    assert len(refused) == 2
    assert refused[0]["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert function.invoke().payload in pids(outcomes)


def test_invocations_above_the_ceiling_of_processes_wait(deploy: Deploy) -> None:
    function = deploy(SLEEP)
    outcomes = function.invoke_together([{"s": 2}] * (MAX_PROCESSES + 2))
    assert throttles(outcomes) == []
    assert len(outcomes) == MAX_PROCESSES + 2
    assert len(pids(outcomes)) == MAX_PROCESSES


def test_idle_environment_of_another_function_gives_way(deploy: Deploy) -> None:
    functions = [deploy(SLEEP) for _ in range(MAX_PROCESSES + 1)]
    first, *others = [function.invoke().payload for function in functions]
    wait_until(lambda: not is_running(first), "the environment used longest ago is gone")
    assert all(is_running(pid) for pid in others)
    assert functions[0].invoke().payload != first


def test_provisioned_environment_is_used_and_replaced(deploy: Deploy, engine: EngineProcess) -> None:
    source = """
        import os

        def handler(event, context):
            if event.get("end"):
                os._exit(1)
            return [os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], os.getpid()]
    """
    function = deploy(source)
    client = engine.client("lambda")
    version = client.publish_version(FunctionName=function.name)["Version"]
    named = {"FunctionName": function.name, "Qualifier": version}
    client.put_provisioned_concurrency_config(**named, ProvisionedConcurrentExecutions=1)
    wait_until(
        lambda: client.get_provisioned_concurrency_config(**named)["Status"] == "READY", "it is provisioned"
    )

    def invoke(payload: dict[str, bool]) -> Any:
        return json.loads(client.invoke(**named, Payload=json.dumps(payload))["Payload"].read())

    kind, first = invoke({})
    assert kind == "provisioned-concurrency"
    assert invoke({"end": True})["errorType"] == "Runtime.ExitError"
    assert invoke({})[1] != first


def test_burst_of_short_invocations_shares_few_environments(deploy: Deploy) -> None:
    """The init costs far more than the invocations together: starting one for each would be waste."""
    source = "import time; time.sleep(0.8)\n" + "import os\ndef handler(event, context): return os.getpid()"
    function = deploy(source)
    used: set[int] = set()
    for _ in range(5):
        outcomes = function.invoke_together([{}] * MAX_PROCESSES)
        assert not throttles(outcomes)
        used |= pids(outcomes)
    assert len(used) <= 2


def test_long_invocations_run_side_by_side(deploy: Deploy) -> None:
    function = deploy(SLEEP)
    outcomes = function.invoke_together([{"s": 2}] * MAX_PROCESSES)
    assert len(pids(outcomes)) == MAX_PROCESSES


def test_hung_init_does_not_keep_other_functions_from_starting(deploy: Deploy) -> None:
    hung = deploy("import time; time.sleep(600)", Timeout=6)
    quick = deploy(SLEEP)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(hung.invoke) for _ in range(2)]
        assert isinstance(quick.invoke().payload, int)
        assert not all(future.done() for future in waiting)
