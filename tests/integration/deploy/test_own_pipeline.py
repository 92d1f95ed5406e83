"""A pipeline of the user's: it carries files, and gets new code without being deployed again."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from harness.deploy.reload import Reloader
from harness.exceptions import UsageError
from tests.integration.deploy.conftest import Deployed

pytestmark = pytest.mark.integration

DEADLINE_S = 60


def invoke(own: Deployed, key: str) -> Any:
    own.client("s3").put_object(Bucket=own.result.source_bucket, Key=key, Body=b"1,2\n")
    event = {"detail": {"bucket": {"name": own.result.source_bucket}, "object": {"key": key}}}
    answer = own.client("lambda").invoke(FunctionName=own.result.functions["copy"], Payload=json.dumps(event))
    return json.loads(answer["Payload"].read())


def run_machine(own: Deployed) -> Any:
    states = own.client("stepfunctions")
    arn = states.start_execution(stateMachineArn=own.result.state_machines["greet"])["executionArn"]
    deadline = time.monotonic() + DEADLINE_S
    while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return json.loads(found["output"])


def test_a_file_comes_through_and_the_harness_says_what_it_cannot_know(own: Deployed) -> None:
    s3 = own.client("s3")
    s3.put_object(Bucket=own.result.source_bucket, Key="c/ä b.csv", Body=b"1,2\n")
    deadline = time.monotonic() + DEADLINE_S
    while not s3.list_objects_v2(Bucket=own.result.destination_bucket)["KeyCount"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert (own.result.table, own.result.queues) == ("", {})
    assert any("MetadataTable" in sentence for sentence in own.result.left_out)


def test_code_and_definitions_follow_their_files(own: Deployed) -> None:
    handlers = own.work_dir.parent / "handlers"
    code, definition = handlers / "copier.py", handlers / "greet.asl.json"
    original = code.read_text()
    reloader = Reloader(own.engine, handlers, own.work_dir, print)
    assert str(reloader.update()) == "nothing"
    assert (invoke(own, "one"), run_machine(own)) == ("hello", "hello, world")

    code.write_text(original.replace('os.environ["GREETING"]', '"new code"'))
    definition.write_text(definition.read_text().replace("world", "moon"))
    updated = reloader.update()
    assert updated.functions == (own.result.functions["copy"],)
    assert len(updated.machines) == 1
    assert (invoke(own, "two"), run_machine(own)) == ("new code", "hello, moon")

    code.write_text(f"{original}\ndef broken(:\n")
    with pytest.raises(UsageError, match=r"copier\.py:\d+: invalid syntax"):
        reloader.update()
    assert invoke(own, "three") == "new code"
