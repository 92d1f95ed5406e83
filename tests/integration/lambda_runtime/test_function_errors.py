"""What a report says of functions that failed, read from the logs of real ones."""

from __future__ import annotations

import pytest

from harness.measure.function_errors import FunctionErrors, read
from tests.integration.lambda_runtime.conftest import Deploy
from tests.integration.lambda_runtime.engine_process import EngineProcess
from tests.integration.lambda_runtime.functions import TestFunction, wait_until

pytestmark = pytest.mark.integration

BAD_IMPORT = "import no_such_thing"
MIXED = """
    import os, time

    def handler(event, context):
        if event.get("do") == "fail":
            raise KeyError("missing")
        if event.get("do") == "exit":
            os._exit(3)
        if event.get("do") == "sleep":
            time.sleep(60)
        print("Status: this is no report")
"""
JSON_LOGS = {"LoggingConfig": {"LogFormat": "JSON"}}


def errors_of(engine: EngineProcess, function: TestFunction) -> set[FunctionErrors]:
    return set(read(engine.client("logs"), {"worker": function.name}, since=0))


@pytest.mark.parametrize("config", [{}, JSON_LOGS], ids=["text", "JSON"])
def test_a_function_that_cannot_be_imported(
    engine: EngineProcess, deploy: Deploy, config: dict[str, object]
) -> None:
    function = deploy(BAD_IMPORT, **config)
    for _ in range(2):
        function.invoke()
    message = "Unable to import module 'app': No module named 'no_such_thing'"
    expected = {FunctionErrors("worker", "Runtime.ImportModuleError", 2, message)}
    wait_until(lambda: errors_of(engine, function) == expected, "the errors of both invocations")


@pytest.mark.parametrize("config", [{}, JSON_LOGS], ids=["text", "JSON"])
def test_one_that_raises_ends_and_runs_out_of_time(
    engine: EngineProcess, deploy: Deploy, config: dict[str, object]
) -> None:
    function = deploy(MIXED, Timeout=1, **config)
    for what in ("nothing", "fail", "exit", "sleep"):
        function.invoke({"do": what})
    wait_until(lambda: len(errors_of(engine, function)) == 3, "three kinds of errors")
    found = {errors.error_type: errors.message for errors in errors_of(engine, function)}
    assert found == {
        "KeyError": "'missing'",
        "Runtime.ExitError": "Runtime exited with error: exit status 3",
        "timeout": "Task timed out after 1.00 seconds",
    }


def test_one_that_is_well_or_gone_or_the_recorder_tells_nothing(
    engine: EngineProcess, deploy: Deploy
) -> None:
    well, broken = deploy("def handler(event, context): print('ok')"), deploy(BAD_IMPORT)
    well.invoke()
    broken.invoke()
    wait_until(lambda: errors_of(engine, broken), "the error")
    functions = {"worker": well.name, "copy": "never-made", "recorder": broken.name}
    assert read(engine.client("logs"), functions, since=0) == ()
