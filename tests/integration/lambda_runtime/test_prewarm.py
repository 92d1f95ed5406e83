"""Functions whose first environments start when they are made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import psutil
import pytest

from harness.engines.base import EngineInfo
from harness.engines.localstack import functions
from harness.engines.localstack.functions import LambdaEnvironments
from tests.integration.lambda_runtime.conftest import MAX_PROCESSES, StartEngine
from tests.integration.lambda_runtime.engine_process import EngineProcess
from tests.integration.lambda_runtime.functions import TestFunction, is_running, wait_until

pytestmark = pytest.mark.integration

PID = """
    import os, time
    print("the module is loaded")
    CHANGE = None

    def handler(event, context):
        time.sleep(event.get("s", 0))
        return os.getpid()
"""

Make = Callable[..., TestFunction]


@pytest.fixture(scope="module")
def warm_engine(start_engine: StartEngine) -> EngineProcess:
    return start_engine(FLOODGATE_LAMBDA_PREWARM="2")


@pytest.fixture
def make(warm_engine: EngineProcess) -> Iterator[Make]:
    """Makes functions and waits for their environments; all are deleted after the test."""
    made: list[TestFunction] = []

    def make(source: str, **config: object) -> TestFunction:
        made.append(TestFunction(warm_engine.client("lambda"), source, **config))
        settled(warm_engine)
        return made[-1]

    yield make
    for function in made:
        function.delete()
    wait_until(lambda: environments(warm_engine).idle == 0, "no environment is left")


def environments(engine: EngineProcess) -> LambdaEnvironments:
    found = functions.read(EngineInfo("localstack", "host", "4.9.2", engine.endpoint_url))
    assert found is not None
    return found


def settled(engine: EngineProcess) -> LambdaEnvironments:
    wait_until(lambda: environments(engine).pending == 0, "all environments are there")
    return environments(engine)


def runtimes(engine: EngineProcess) -> set[int]:
    """Process ids of all environments."""
    children = psutil.Process(engine.pid).children(recursive=True)
    return {child.pid for child in children if "awslambdaric" in child.cmdline()}


def test_the_first_invocations_find_warm_environments(warm_engine: EngineProcess, make: Make) -> None:
    function = make(PID)
    assert settled(warm_engine) == LambdaEnvironments(pending=0, starting=0, idle=2, busy=0)
    warm = runtimes(warm_engine)
    outcomes = function.invoke_together([{"s": 1}, {"s": 1}])
    assert {outcome.payload for outcome in outcomes if not isinstance(outcome, Exception)} == warm


def test_the_init_is_told_once_with_the_first_invocation(make: Make) -> None:
    function = make(PID)
    first, second = function.invoke(), function.invoke()
    assert first.payload == second.payload
    assert "the module is loaded" in first.log
    assert re.search(r"REPORT .*\tInit Duration: [\d.]+ ms\t", first.log)
    assert "the module is loaded" not in second.log
    assert "Init Duration" not in second.log


def test_after_a_failed_init_the_invocation_does_its_own(warm_engine: EngineProcess, make: Make) -> None:
    function = make("raise ValueError('at import')")
    assert settled(warm_engine).idle == 0
    invoked = function.invoke()
    assert (invoked.error, invoked.payload["errorType"]) == ("Unhandled", "ValueError")
    assert len(re.findall(r"INIT_REPORT .*\tStatus: error\tError Type: ValueError", invoked.log)) == 1


def test_new_code_gets_environments_of_its_own(warm_engine: EngineProcess, make: Make) -> None:
    function = make(PID)
    old = runtimes(warm_engine)
    function.update("import os\ndef handler(event, context): return ['new', os.getpid()]")
    wait_until(lambda: not any(is_running(pid) for pid in old), "the old processes are gone")
    assert settled(warm_engine).idle == 2
    text, pid = function.invoke().payload
    assert text == "new"
    assert pid not in old


def test_they_keep_no_other_function_from_starting(warm_engine: EngineProcess, make: Make) -> None:
    """Four may run, so the third function's have to make room for the fifth environment."""
    made = [make(PID) for _ in range(3)]
    assert settled(warm_engine).idle == MAX_PROCESSES
    assert len({function.invoke().payload for function in made}) == 3


def test_reserved_concurrency_bounds_them(warm_engine: EngineProcess, make: Make) -> None:
    function = make(PID)
    client = warm_engine.client("lambda")
    client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=1)
    before = runtimes(warm_engine)
    function.update(PID.replace("None", "1"))
    wait_until(lambda: not any(is_running(pid) for pid in before), "the old processes are gone")
    assert settled(warm_engine).idle == 1
