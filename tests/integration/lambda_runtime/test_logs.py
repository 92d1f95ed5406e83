"""What a function prints, in the answer and in CloudWatch Logs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.integration.lambda_runtime.conftest import Deploy
from tests.integration.lambda_runtime.engine_process import EngineProcess
from tests.integration.lambda_runtime.functions import wait_until

pytestmark = pytest.mark.integration


def stored_events(engine: EngineProcess, group: str, until: str) -> list[dict[str, Any]]:
    """All events of a log group, once there is one that contains `until`."""
    client = engine.client("logs")

    def read() -> list[dict[str, Any]]:
        try:
            pages = list(client.get_paginator("filter_log_events").paginate(logGroupName=group))
        except client.exceptions.ResourceNotFoundException:
            return []
        return [event for page in pages for event in page["events"]]

    wait_until(lambda: any(until in event["message"] for event in read()), f"{until!r} is stored")
    return read()


def test_platform_lines_frame_the_output_in_order(deploy: Deploy) -> None:
    source = """
        import logging, os, subprocess, sys
        print("loading")

        def handler(event, context):
            print("one")
            print("two", file=sys.stderr)
            logging.warning("three\\nstill three")
            subprocess.run(["echo", "four"])
            os.write(1, b"five without end of line")
    """
    function = deploy(source, MemorySize=512)
    cold, warm = function.invoke(), function.invoke()
    lines = cold.log.splitlines()
    assert lines[0] == "loading"
    assert re.fullmatch(r"START RequestId: [0-9a-f-]{36} Version: \$LATEST", lines[1])
    assert [line.split("\t")[-1] for line in lines[2:8]] == [
        "one", "two", "three", "still three", "four", "five without end of line"
    ]  # fmt: skip
    assert re.fullmatch(r"END RequestId: [0-9a-f-]{36}", lines[8])
    report = re.fullmatch(
        r"REPORT RequestId: [0-9a-f-]{36}\tDuration: ([\d.]+) ms\tBilled Duration: (\d+) ms\t"
        r"Memory Size: 512 MB\tMax Memory Used: (\d+) MB\tInit Duration: ([\d.]+) ms\t",
        lines[9],
    )
    assert report, lines[9]
    assert int(report[2]) >= float(report[1]) + float(report[4])
    assert 5 < int(report[3]) < 512
    assert "Init Duration" not in warm.log
    assert "loading" not in warm.log


def test_peak_memory_is_that_of_the_process(deploy: Deploy) -> None:
    source = """
        def handler(event, context):
            return len(bytearray(b"x") * (event["mb"] * 1024 * 1024))
    """
    function = deploy(source, MemorySize=512)
    small = int(re.findall(r"Max Memory Used: (\d+)", function.invoke({"mb": 1}).log)[0])
    large = int(re.findall(r"Max Memory Used: (\d+)", function.invoke({"mb": 100}).log)[0])
    assert 95 <= large - small <= 130


def test_a_megabyte_of_output_neither_blocks_nor_is_lost(deploy: Deploy, engine: EngineProcess) -> None:
    source = """
        def handler(event, context):
            for number in range(10_000):
                print(f"line {number:05d} " + "x" * 100)
            print("y" * 300_000)
            return "done"
    """
    function = deploy(source)
    assert function.invoke().payload == "done"
    messages = [event["message"] for event in stored_events(engine, function.log_group, "REPORT RequestId")]
    numbers = [int(message[5:10]) for message in messages if message.startswith("line ")]
    assert numbers == list(range(10_000))
    long = [message.rstrip("\n") for message in messages if message.startswith("y")]
    assert "".join(long) == "y" * 300_000
    assert len(long) == 2


def test_events_of_many_invocations_stay_in_order_in_their_stream(
    deploy: Deploy, engine: EngineProcess
) -> None:
    source = """
        import logging

        def handler(event, context):
            print("number", event["number"])
            logging.error("two\\nlines")
            return context.log_stream_name
    """
    function = deploy(source)
    streams = {function.invoke({"number": number}).payload for number in range(20)}
    events = stored_events(engine, function.log_group, "number 19")
    messages = [event["message"].rstrip("\n") for event in events]
    assert {event["logStreamName"] for event in events} == streams
    assert len(streams) == 1
    assert [m for m in messages if m.startswith("number")] == [f"number {n}" for n in range(20)]
    assert sum(m.endswith("\ttwo\nlines") for m in messages) == 20
    kinds = [m.split()[0] for m in messages if m.startswith(("START", "END", "REPORT"))]
    assert kinds == ["START", "END", "REPORT"] * 20


def test_asynchronous_invocation_is_run_and_logged(deploy: Deploy, engine: EngineProcess) -> None:
    function = deploy("def handler(event, context): print('ran with', event)")
    answer = engine.client("lambda").invoke(
        FunctionName=function.name, InvocationType="Event", Payload=b'{"a": 1}'
    )
    assert answer["StatusCode"] == 202
    messages = [event["message"] for event in stored_events(engine, function.log_group, "REPORT RequestId")]
    assert "ran with {'a': 1}\n" in messages


def test_json_logs_are_those_of_the_runtime(deploy: Deploy) -> None:
    source = """
        import logging

        def handler(event, context):
            logging.getLogger().info("structured")
    """
    config = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
    invoked = deploy(source, LoggingConfig=config).invoke()
    assert '"message": "structured"' in invoked.log


def test_log_group_of_the_function_is_honoured(deploy: Deploy, engine: EngineProcess) -> None:
    source = "def handler(event, context): return context.log_group_name"
    function = deploy(source, LoggingConfig={"LogFormat": "Text", "LogGroup": "/own/group"})
    assert function.invoke().payload == "/own/group"
    assert stored_events(engine, "/own/group", "REPORT RequestId")
