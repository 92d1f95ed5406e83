"""Handlers that fail in every way a handler can."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.integration.lambda_runtime.conftest import INIT_TIMEOUT_S, Deploy
from tests.integration.lambda_runtime.functions import Invoked, is_running, wait_until

pytestmark = pytest.mark.integration

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def request_id_of(invoked: Invoked) -> str:
    found = re.search(rf"END RequestId: ({UUID})\n", invoked.log)
    assert found, invoked.log
    return found[1]


def test_exception_has_type_message_and_stack(deploy: Deploy) -> None:
    source = """
        def deeper(event):
            return event["missing"]

        def handler(event, context):
            return deeper(event)
    """
    invoked = deploy(source).invoke()
    assert invoked.error == "Unhandled"
    assert invoked.payload["errorType"] == "KeyError"
    assert invoked.payload["errorMessage"] == "'missing'"
    assert invoked.payload["requestId"] == request_id_of(invoked)
    first, second = invoked.payload["stackTrace"]
    assert re.fullmatch(r'  File ".*/app.py", line 6, in handler\n    return deeper\(event\)\n', first)
    assert "in deeper" in second
    assert "[ERROR] KeyError: 'missing'\nTraceback (most recent call last):" in invoked.log


def test_environment_survives_an_exception(deploy: Deploy) -> None:
    source = """
        import os

        def handler(event, context):
            if event.get("fail"):
                raise ValueError(os.getpid())
            return os.getpid()
    """
    function = deploy(source)
    failed = function.invoke({"fail": True}).payload["errorMessage"]
    assert failed == str(function.invoke().payload)


@pytest.mark.parametrize(
    ("source", "handler", "error_type", "message"),
    [
        (
            "import no_such_thing",
            "app.handler",
            "Runtime.ImportModuleError",
            "No module named 'no_such_thing'",
        ),
        ("def handler(:", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("x = 1", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("x = 1", "other.handler", "Runtime.ImportModuleError", "Unable to import module 'other'"),
        ("x = 1", "nodot", "Runtime.MalformedHandlerName", "Bad handler 'nodot'"),
        ("raise ValueError('at import')", "app.handler", "ValueError", "at import"),
    ],
    ids=["import", "syntax", "no-handler", "no-module", "malformed", "raises"],
)
def test_init_error_is_the_answer(
    deploy: Deploy, source: str, handler: str, error_type: str, message: str
) -> None:
    invoked = deploy(source, Handler=handler).invoke()
    assert invoked.error == "Unhandled"
    assert invoked.payload["errorType"] == error_type
    assert message in invoked.payload["errorMessage"]
    assert invoked.payload["requestId"] == request_id_of(invoked)
    assert re.search(
        rf"INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\tStatus: error\tError Type: {error_type}",
        invoked.log,
    )


def test_init_error_is_repeated_by_the_next_environment(deploy: Deploy) -> None:
    function = deploy("import no_such_thing")
    assert function.invoke().error == function.invoke().error == "Unhandled"


def test_exit_in_init_is_an_exit_error(deploy: Deploy) -> None:
    invoked = deploy("import sys; print('on my way out'); sys.exit(3)").invoke()
    assert_exit_error(invoked, "exit status 3")
    assert "on my way out" in invoked.log


def test_init_that_takes_too_long_is_run_again_within_the_timeout(deploy: Deploy) -> None:
    """The second run of the init finds the mark of the first and is quick, as on AWS after a slow start."""
    source = f"""
        import os, pathlib, time
        mark = pathlib.Path(os.environ["LAMBDA_TASK_ROOT"], "mark")
        if not mark.exists():
            mark.touch()
            time.sleep({INIT_TIMEOUT_S} + 60)

        def handler(event, context):
            return "late"
    """
    invoked = deploy(source, Timeout=30).invoke()
    assert invoked.payload == "late"
    assert re.search(r"INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\tStatus: timeout", invoked.log)


def test_init_that_always_takes_too_long_times_out(deploy: Deploy) -> None:
    invoked = deploy("import time; time.sleep(600)", Timeout=1).invoke()
    message = invoked.payload["errorMessage"]
    assert re.fullmatch(rf"RequestId: {UUID} Error: Task timed out after 1\.00 seconds", message)


def test_timeout_kills_the_process_and_the_next_invocation_works(deploy: Deploy) -> None:
    source = """
        import os, subprocess, time

        def handler(event, context):
            if event.get("hang"):
                child = subprocess.Popen(["sleep", "600"])
                print("pids", os.getpid(), child.pid)
                time.sleep(600)
            return os.getpid()
    """
    function = deploy(source, Timeout=1)
    invoked = function.invoke({"hang": True})
    message = invoked.payload["errorMessage"]
    assert re.fullmatch(rf"RequestId: {UUID} Error: Task timed out after 1\.00 seconds", message)
    assert invoked.payload["errorType"] == "Sandbox.Timedout"
    assert invoked.error == "Unhandled"
    assert re.search(rf"{STAMP} {UUID} Task timed out after 1\.00 seconds\nEND RequestId", invoked.log)
    assert re.search(r"REPORT .*\tDuration: 1\d{3}\.\d\d ms\t.*\tStatus: timeout", invoked.log)
    pids = [int(pid) for pid in re.findall(r"pids (\d+) (\d+)", invoked.log)[0]]
    assert not [pid for pid in pids if is_running(pid)]
    assert function.invoke().payload not in pids


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("sys.exit(4)", "Runtime exited with error: exit status 4"),
        ("os._exit(5)", "Runtime exited with error: exit status 5"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
        ("os.abort()", "Runtime exited with error: signal: aborted"),
    ],
)
def test_end_of_the_process_is_an_exit_error(deploy: Deploy, statement: str, reason: str) -> None:
    source = f"""
        import os, sys

        def handler(event, context):
            print("before the end", flush=True)
            if event.get("end"):
                {statement}
            return "fine"
    """
    function = deploy(source)
    assert function.invoke().payload == "fine"
    invoked = function.invoke({"end": True})
    assert_exit_error(invoked, reason.removeprefix("Runtime exited with error: "))
    assert invoked.log.index("before the end") < invoked.log.index("Runtime.ExitError")
    assert function.invoke().payload == "fine"


def assert_exit_error(invoked: Invoked, reason: str) -> None:
    request_id = request_id_of(invoked)
    payload: Any = invoked.payload
    assert invoked.error == "Unhandled"
    assert payload["errorType"] == "Runtime.ExitError"
    assert payload["errorMessage"].startswith(f"RequestId: {request_id} Error: Runtime exited with")
    assert payload["errorMessage"].endswith(reason)
    assert re.search(r"REPORT .*\tStatus: error\tError Type: Runtime.ExitError", invoked.log)


def test_child_killed_between_invocations_is_replaced(deploy: Deploy) -> None:
    source = """
        import os, subprocess, sys

        def handler(event, context):
            if event.get("later"):
                subprocess.Popen(["sh", "-c", f"sleep 0.2; kill -9 {os.getpid()}"])
            return os.getpid()
    """
    function = deploy(source)
    first = function.invoke({"later": True}).payload
    wait_until(lambda: not is_running(first), "the process is gone")
    assert function.invoke().payload != first


def test_response_above_six_megabytes_is_refused(deploy: Deploy) -> None:
    source = """
        def handler(event, context):
            return "x" * event["size"]
    """
    function = deploy(source, Timeout=30)
    limit = 6 * 1024 * 1024 + 100
    assert len(function.invoke({"size": limit - 2}).payload) == limit - 2
    invoked = function.invoke({"size": limit})
    assert invoked.error == "Unhandled"
    assert invoked.payload == {
        "errorMessage": f"Response payload size exceeded maximum allowed payload size ({limit} bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    assert function.invoke({"size": 1}).payload == "x"


def test_result_that_is_no_json_is_a_marshal_error(deploy: Deploy) -> None:
    invoked = deploy("def handler(event, context): return {1, 2}").invoke()
    assert invoked.payload["errorType"] == "Runtime.MarshalError"


def test_other_runtimes_are_refused_with_a_reason(deploy: Deploy) -> None:
    function = deploy("exports.handler = () => 1", Runtime="nodejs22.x")
    function.exists = False  # LocalStack cannot delete a function whose creation failed
    configuration = function.configuration()
    assert configuration["State"] == "Failed"
    assert "only Python functions" in configuration["StateReason"]
