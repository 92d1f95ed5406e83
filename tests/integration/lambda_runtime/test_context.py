"""What a handler finds when it runs: context, variables, folders."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from tests.integration.lambda_runtime.conftest import Deploy
from tests.integration.lambda_runtime.engine_process import EngineProcess

pytestmark = pytest.mark.integration

SHOW_CONTEXT = """
    import os, time

    def handler(event, context):
        return {
            "request_id": context.aws_request_id,
            "arn": context.invoked_function_arn,
            "name": context.function_name,
            "version": context.function_version,
            "memory": context.memory_limit_in_mb,
            "group": context.log_group_name,
            "stream": context.log_stream_name,
            "left_ms": context.get_remaining_time_in_millis(),
            "client": context.client_context and context.client_context.custom,
            "environ": dict(os.environ),
            "cwd": os.getcwd(),
            "event": event,
        }
"""


def test_context_carries_what_aws_gives(deploy: Deploy) -> None:
    function = deploy(SHOW_CONTEXT, MemorySize=256, Timeout=7)
    seen = function.invoke().payload
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", seen["request_id"])
    assert seen["arn"] == f"arn:aws:lambda:us-east-1:000000000000:function:{function.name}"
    assert (seen["name"], seen["version"], seen["memory"]) == (function.name, "$LATEST", "256")
    assert seen["group"] == f"/aws/lambda/{function.name}"
    assert re.fullmatch(rf"{time.strftime('%Y')}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{{32}}", seen["stream"])
    assert 6000 < seen["left_ms"] <= 7000


def test_variables_are_those_of_lambda(deploy: Deploy, engine: EngineProcess) -> None:
    function = deploy(SHOW_CONTEXT, Environment={"Variables": {"OWN": "wert mit Ü"}}, Timeout=7)
    environ = function.invoke().payload["environ"]
    assert environ["OWN"] == "wert mit Ü"
    assert environ["_HANDLER"] == "app.handler"
    assert environ["AWS_LAMBDA_FUNCTION_NAME"] == function.name
    assert environ["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.11"
    assert environ["AWS_REGION"] == environ["AWS_DEFAULT_REGION"] == "us-east-1"
    assert environ["AWS_ENDPOINT_URL"] == engine.endpoint_url
    assert environ["TZ"] == ":UTC"
    assert environ["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert environ["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert environ["AWS_ACCESS_KEY_ID"]
    assert environ["AWS_SESSION_TOKEN"]


def test_nothing_of_the_engine_leaks_into_the_handler(deploy: Deploy) -> None:
    source = """
        import importlib.util, os, sys

        def handler(event, context):
            engine = importlib.util.find_spec("localstack")
            return {"path": sys.path, "environ": dict(os.environ), "engine": bool(engine)}
    """
    seen = deploy(source).invoke().payload
    assert not seen["engine"]
    assert "SECRET_OF_THE_ENGINE" not in seen["environ"]
    assert not [name for name in seen["environ"] if name.startswith(("FLOODGATE_", "GATEWAY_"))]
    assert seen["environ"]["HOME"] == seen["environ"]["TMPDIR"]


def test_code_lies_in_the_task_root_and_scratch_space_is_its_own(
    deploy: Deploy, engine: EngineProcess
) -> None:
    source = """
        import os, tempfile
        MARK = tempfile.NamedTemporaryFile(delete=False).name

        def handler(event, context):
            root = os.environ["LAMBDA_TASK_ROOT"]
            return {"file": __file__, "root": root, "cwd": os.getcwd(), "mark": MARK}
    """
    one, other = deploy(source).invoke().payload, deploy(source).invoke().payload
    assert one["file"] == f"{one['root']}/app.py"
    assert one["cwd"] == one["root"]
    assert Path(one["mark"]).parent != Path(other["mark"]).parent
    lambda_folder = engine.lambda_folder
    assert lambda_folder in Path(one["mark"]).parents
    assert lambda_folder in Path(one["root"]).parents


def test_boto3_in_a_handler_reaches_the_engine(deploy: Deploy) -> None:
    source = """
        import boto3

        def handler(event, context):
            return boto3.client("sts").get_caller_identity()["Account"]
    """
    assert deploy(source, Timeout=30).invoke().payload == "000000000000"


def test_client_context_and_awkward_payloads_arrive(deploy: Deploy, engine: EngineProcess) -> None:
    function = deploy(SHOW_CONTEXT)
    event = {"text": "Ü 🚚 \u0000 \"'", "large": "x" * 1_000_000, "deep": [[[{}]]]}
    context = "eyJjdXN0b20iOiB7ImEiOiAiYiJ9fQ=="  # {"custom": {"a": "b"}}
    answer = engine.client("lambda").invoke(
        FunctionName=function.name, Payload=json.dumps(event), ClientContext=context
    )
    seen = json.loads(answer["Payload"].read())
    assert seen["event"] == event
    assert seen["client"] == {"a": "b"}


def test_an_alias_is_the_invoked_arn(deploy: Deploy, engine: EngineProcess) -> None:
    function = deploy(SHOW_CONTEXT)
    client = engine.client("lambda")
    version = client.publish_version(FunctionName=function.name)["Version"]
    client.create_alias(FunctionName=function.name, Name="live", FunctionVersion=version)
    answer = client.invoke(FunctionName=f"{function.name}:live")
    seen = json.loads(answer["Payload"].read())
    assert seen["arn"].endswith(f":function:{function.name}:live")
    assert seen["version"] == "1"
    assert f"/[{version}]" in seen["stream"]
