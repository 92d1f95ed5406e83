"""Lambda functions for tests: small zip packages, made from source text."""

from __future__ import annotations

import base64
import io
import json
import textwrap
import zipfile
from typing import Any, Protocol

from botocore.exceptions import ClientError

from tests.conformance.account import Account
from tests.conformance.waiting import eventually

RUNTIME = "python3.12"
"""An engine may run another Python; no handler of the suite needs this one."""
_ROLE_DEADLINE_S = 60.0


class Owner(Protocol):
    """A test, or the account for what all tests share."""

    def at_end(self, cleanup: Any) -> None: ...


def create_function(account: Account, owner: Owner, name: str, source: str, **more: Any) -> str:
    """Make a function `handler.handler`, wait until it can be invoked, return its ARN.

    :param owner: with whose end it is removed
    :param more: further arguments of CreateFunction
    """
    client = account.client("lambda")
    arguments = {
        "FunctionName": name,
        "Runtime": RUNTIME,
        "Role": account.role,
        "Handler": "handler.handler",
        "Code": {"ZipFile": package(source)},
        "Timeout": 30,
        "MemorySize": 256,
        **more,
    }
    answer = eventually(lambda: _created(client, arguments), _ROLE_DEADLINE_S)
    owner.at_end(lambda: _remove(account, name))
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return str(answer["FunctionArn"])


def _created(client: Any, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """Create a function; None while AWS does not know the new role everywhere."""
    try:
        answer: dict[str, Any] = client.create_function(**arguments)
    except ClientError as exc:
        if "cannot be assumed" not in str(exc):
            raise
        return None
    return answer


def _remove(account: Account, name: str) -> None:
    account.client("lambda").delete_function(FunctionName=name)
    groups = account.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
    for group in groups:
        account.client("logs").delete_log_group(logGroupName=group["logGroupName"])


def package(source: str) -> bytes:
    """Return a zip package with the source as `handler.py`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", textwrap.dedent(source))
    return buffer.getvalue()


def invoke(client: Any, function: str, payload: Any = None, **more: Any) -> dict[str, Any]:
    """Invoke and wait; the payload of the answer is read, and its log, where asked for."""
    answer: dict[str, Any] = client.invoke(FunctionName=function, Payload=json.dumps(payload), **more)
    content = answer["Payload"].read()
    log = base64.b64decode(answer["LogResult"]).decode() if "LogResult" in answer else ""
    return {**answer, "Payload": json.loads(content) if content else None, "LogResult": log}


TOOL = """
    import json, os, sys, time

    LOADED = time.time()
    CALLS = 0

    class Refused(Exception):
        pass

    def handler(event, context):
        global CALLS
        CALLS += 1
        what = event.get("do") if isinstance(event, dict) else None
        if what == "fail":
            raise Refused(event.get("message", "on purpose"))
        if what == "exit":
            os._exit(3)
        if what == "sleep":
            time.sleep(event["s"])
        if what == "retry" and event["retries"] < 1:
            raise Refused("once more")
        if what == "large":
            return "x" * event["size"]
        if what == "no-json":
            return {1, 2}
        if what == "say":
            for line in event["lines"]:
                print(line)
        if what == "look":
            return look(context)
        return event

    def later(context):
        time.sleep(0.02)
        return context.get_remaining_time_in_millis()

    def look(context):
        names = ("function_name", "function_version", "invoked_function_arn", "memory_limit_in_mb",
                 "aws_request_id", "log_group_name", "log_stream_name")
        return {
            "context": {name: getattr(context, name) for name in names},
            "left_ms": [context.get_remaining_time_in_millis(), later(context)],
            "environ": dict(os.environ),
            "cwd": os.getcwd(),
            "path": sys.path,
            "loaded": LOADED,
            "calls": CALLS,
            "file": os.path.abspath(__file__),
        }
"""
"""A function that does what its event says."""


def tool(account: Account) -> str:
    """Return the ARN of a function that all tests share."""
    name = f"cf-tool-{account.unique}"
    return create_function(
        account, account, name, TOOL, Environment={"Variables": {"MINE": "yes"}}, Timeout=3
    )
