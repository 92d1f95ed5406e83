"""Faults that the engine is told to make, seen from where they hurt: a client, a queue, a function."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness import faults
from harness.aws import client
from harness.engines import registry
from harness.engines.base import EngineInfo
from harness.engines.localstack.plugin_api import PluginApi
from harness.exceptions import AwsError
from tests.integration.engine_plugin.lambdas import create_function, eventually
from tests.integration.engine_plugin.localstack_process import LocalStackProcess

pytestmark = pytest.mark.integration

Setter = Callable[..., None]

WRITER = """
    import os, boto3

    s3 = boto3.client("s3")

    def handler(event, context):
        s3.head_bucket(Bucket=event["bucket"])
        s3.put_object(Bucket=event["bucket"], Key=event["key"], Body=b"written")
        return "done"
"""


@pytest.fixture
def engine(localstack: LocalStackProcess) -> EngineInfo:
    return EngineInfo("localstack", "host", "", localstack.endpoint_url)


@pytest.fixture
def set_faults(engine: EngineInfo) -> Iterator[Setter]:
    def set_(*texts: str, seed: int = 1) -> None:
        faults.apply(engine, faults.parse(texts), seed)

    yield set_
    faults.clear(engine)


@pytest.fixture
def bucket(localstack: LocalStackProcess, unique: str) -> str:
    name = f"faults-{unique}"
    localstack.client("s3").create_bucket(Bucket=name)
    return name


def code_of(call: Callable[[], Any]) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(
    ("code", "status"),
    [("AccessDenied", 403), ("SlowDown", 503), ("NoSuchBucket", 404), ("InternalError", 500)],
)
def test_s3_refuses_with_the_code_and_status_of_aws(
    localstack: LocalStackProcess, bucket: str, set_faults: Setter, code: str, status: int
) -> None:
    s3 = localstack.client("s3")
    s3.put_object(Bucket=bucket, Key="from", Body=b"x")
    set_faults(f"s3.CopyObject[{bucket}/to*]:{code}@100%")
    source = {"Bucket": bucket, "Key": "from"}
    assert code_of(lambda: s3.copy_object(Bucket=bucket, Key="to-1", CopySource=source)) == (code, status)
    s3.copy_object(Bucket=bucket, Key="elsewhere", CopySource=source)
    names = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert names == ["elsewhere", "from"]


def test_a_head_has_a_status_and_no_body(
    localstack: LocalStackProcess, bucket: str, set_faults: Setter
) -> None:
    set_faults("s3.HeadObject:AccessDenied")
    head = localstack.client("s3").head_object
    assert code_of(lambda: head(Bucket=bucket, Key="any")) == ("403", 403)


def test_json_and_query_protocols_carry_codes_too(
    localstack: LocalStackProcess, unique: str, set_faults: Setter
) -> None:
    set_faults(
        "dynamodb.GetItem:ProvisionedThroughputExceededException",
        "sqs.SendMessage:RequestThrottled",
        "sns.Publish:Throttled",
        "states.StartExecution:ExecutionLimitExceeded",
        "lambda.Invoke:TooManyRequestsException",
    )
    table, sqs = localstack.client("dynamodb"), localstack.client("sqs")
    url = sqs.create_queue(QueueName=f"faults-{unique}")["QueueUrl"]
    topic = localstack.client("sns").create_topic(Name=f"faults-{unique}")["TopicArn"]
    machine = f"arn:aws:states:us-east-1:000000000000:stateMachine:faults-{unique}"
    states, functions = localstack.client("stepfunctions"), localstack.client("lambda")
    found = [
        code_of(lambda: table.get_item(TableName="none", Key={"id": {"S": "1"}})),
        code_of(lambda: sqs.send_message(QueueUrl=url, MessageBody="x")),
        code_of(lambda: localstack.client("sns").publish(TopicArn=topic, Message="x")),
        code_of(lambda: states.start_execution(stateMachineArn=machine)),
        code_of(lambda: functions.invoke(FunctionName="none")),
    ]
    assert found == [
        ("ProvisionedThroughputExceededException", 400),
        ("RequestThrottled", 400),
        ("Throttled", 429),
        ("ExecutionLimitExceeded", 400),
        ("TooManyRequestsException", 429),
    ]


def test_share_and_seed_decide_which_calls_are_refused(
    localstack: LocalStackProcess, bucket: str, engine: EngineInfo, set_faults: Setter
) -> None:
    s3 = localstack.client("s3")

    def refused(seed: int) -> list[bool]:
        set_faults(f"s3.GetBucketTagging[{bucket}]:AccessDenied@40%", seed=seed)
        codes = [code_of(lambda: s3.get_bucket_tagging(Bucket=bucket))[0] for _ in range(30)]
        return [code == "AccessDenied" for code in codes]

    first = refused(1)
    (count,) = faults.listing(engine)
    assert (count.matched, count.hits) == (30, sum(first))
    assert 0 < sum(first) < 30
    assert refused(1) == first
    assert refused(2) != first


def test_delay_and_time_window(localstack: LocalStackProcess, bucket: str, set_faults: Setter) -> None:
    s3 = localstack.client("s3")
    set_faults("s3.HeadBucket:delay=600ms[0s-1000s]", "s3.ListObjectsV2:AccessDenied[1000s-]")
    started = time.monotonic()
    s3.head_bucket(Bucket=bucket)
    assert time.monotonic() - started >= 0.6
    s3.list_objects_v2(Bucket=bucket)


def test_cleared_rules_are_gone_and_tell_their_counts(
    localstack: LocalStackProcess, bucket: str, engine: EngineInfo, set_faults: Setter
) -> None:
    set_faults("s3.HeadBucket:AccessDenied")
    faults.add(engine, faults.parse(["s3.GetObject:SlowDown"]))
    head = localstack.client("s3").head_bucket
    assert code_of(lambda: head(Bucket=bucket)) == ("403", 403)
    assert [(count.text, count.hits) for count in faults.clear(engine)] == [
        ("s3.HeadBucket:AccessDenied", 1),
        ("s3.GetObject:SlowDown", 0),
    ]
    head(Bucket=bucket)
    assert faults.listing(engine) == []


@pytest.fixture
def delivered(localstack: LocalStackProcess, bucket: str) -> Callable[[int], list[str]]:
    """A queue behind a rule for the bucket: takes so many keys from it, and one more if there is one."""
    sqs, events = localstack.client("sqs"), localstack.client("events")
    url = sqs.create_queue(QueueName=bucket)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
    events.put_rule(Name=bucket, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=bucket, Targets=[{"Id": "queue", "Arn": arn}])
    localstack.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )

    def receive(count: int) -> list[str]:
        keys: list[str] = []
        empty = False
        while not empty and len(keys) <= count:
            answer = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=3 if len(keys) < count else 1
            )
            bodies = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
            keys += [body["detail"]["object"]["key"] for body in bodies]
            empty = not bodies
        return keys

    return receive


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        ("duplicate", ["a", "a", "b", "b"]),
        ("drop", []),
        ("delay=1s", ["a", "b"]),
    ],
)
def test_events_of_s3(
    localstack: LocalStackProcess,
    bucket: str,
    set_faults: Setter,
    delivered: Callable[[int], list[str]],
    effect: str,
    expected: list[str],
) -> None:
    set_faults(f"s3.events[{bucket}/*]:{effect}")
    for key in "ab":
        localstack.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    assert sorted(delivered(len(expected))) == expected


def test_an_event_that_is_held_back_is_overtaken(
    localstack: LocalStackProcess, bucket: str, set_faults: Setter, delivered: Callable[[int], list[str]]
) -> None:
    set_faults(f"s3.events[{bucket}/late]:reorder", f"s3.events[{bucket}/last]:reorder")
    for key in ("late", "early", "last"):
        localstack.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    assert delivered(3) == ["early", "late", "last"]


def test_a_function_is_killed_in_mid_invocation_before_or_after_its_first_write(
    localstack: LocalStackProcess, bucket: str, set_faults: Setter
) -> None:
    functions, s3 = localstack.client("lambda"), localstack.client("s3")
    create_function(functions, f"{bucket}-writer", WRITER)

    def invoke(key: str) -> tuple[bool, str]:
        event = json.dumps({"bucket": bucket, "key": key})
        answer = functions.invoke(FunctionName=f"{bucket}-writer", Payload=event)
        return "FunctionError" in answer, answer["Payload"].read().decode()

    def keys() -> list[str]:
        return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    set_faults("lambda.writer:kill")
    failed, payload = invoke("at-first-call")
    assert failed
    assert "signal: killed" in payload
    assert keys() == []

    set_faults("lambda.writer:kill=after-write")
    failed, payload = invoke("after-write")
    assert failed
    assert "signal: killed" in payload
    assert keys() == ["after-write"]

    set_faults("lambda.writer:error")
    assert invoke("error")[0]
    set_faults("lambda.writer:throttle")
    assert code_of(lambda: invoke("throttle"))[0] == "TooManyRequestsException"
    set_faults("lambda.another:error", "lambda.writer:delay=100ms")
    assert invoke("whole") == (False, '"done"')
    assert keys() == ["after-write", "whole"]


def test_calls_are_counted_by_who_makes_them(
    localstack: LocalStackProcess, bucket: str, engine: EngineInfo
) -> None:
    functions, name = localstack.client("lambda"), f"{bucket}-counted"
    create_function(functions, name, WRITER)
    before = registry.call_counts(engine)
    assert before is not None
    functions.invoke(FunctionName=name, Payload=json.dumps({"bucket": bucket, "key": "k"}))
    client("s3", engine).get_object(Bucket=bucket, Key="k")["Body"].read()
    after = registry.call_counts(engine)
    assert after is not None
    made = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    assert made == {"lambda.Invoke": 1, "s3.HeadBucket": 1, "s3.PutObject": 1}


def test_a_bad_rule_is_refused(engine: EngineInfo) -> None:
    with pytest.raises(AwsError, match="no rule"):
        PluginApi(engine.endpoint_url).call("PUT", "faults", {"rules": [{"target": "nothing"}]})
    eventually(lambda: faults.listing(engine) == [])
