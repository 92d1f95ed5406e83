"""The destination refuses: three receives, dead-letter queue, cause in the row, an alarm that is heard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from harness import faults
from harness.aws import client
from tests.integration.pipeline.conftest import Pipeline, wait_until

pytestmark = pytest.mark.integration

CODES = ("AccessDenied", "SlowDown", "NoSuchBucket")
"""The role may not write, S3 asks for patience for longer than the SDK has, the bucket has gone."""


@pytest.fixture
def heard(pipeline: Pipeline, customer: str) -> Iterator[str]:
    """URL of a queue that the topic of the pipeline's alarms sends to."""
    sns, topic = client("sns", pipeline.engine), pipeline.deployment.outputs["AlarmsTopic"]
    url: str = pipeline.sqs.create_queue(QueueName=f"heard-{customer}")["QueueUrl"]
    answer = pipeline.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = answer["Attributes"]["QueueArn"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    yield url
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    pipeline.sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def refused(pipeline: Pipeline, customer: str) -> Iterator[dict[str, str]]:
    """Codes, each with the key of a file whose copy is refused with it."""
    keys = {code: f"{customer}/{code}.csv" for code in CODES}
    bucket = pipeline.deployment.destination_bucket
    rules = [f"s3.CopyObject[{bucket}/{key}]:{code}@100%" for code, key in keys.items()]
    faults.apply(pipeline.engine, faults.parse(rules))
    yield keys
    faults.clear(pipeline.engine)


def test_what_the_destination_refuses_is_tried_three_times_and_raises_the_alarm(
    pipeline: Pipeline, refused: dict[str, str], heard: str
) -> None:
    _forget_earlier_letters(pipeline)
    versions = {code: pipeline.put(key) for code, key in refused.items()}

    for code, key in refused.items():
        row = pipeline.wait_for_row(key, versions[code], "failed", attempts=3)
        assert (row["error_type"], row["receive_count"], row["attempts"]) == (code, 3, 3)
        assert pipeline.delivered(key) == []
    for key in refused.values():
        wait_until(partial(pipeline.dead_letters, key))

    wait_until(lambda: _alarms(pipeline, heard), lambda: "nobody was told of the dead letters")

    faults.clear(pipeline.engine)
    for code, key in refused.items():
        (letter,) = pipeline.dead_letters(key)
        pipeline.send(letter)
        assert pipeline.wait_for_row(key, versions[code], "transferred")["redrives"] == 1


def _forget_earlier_letters(pipeline: Pipeline) -> None:
    """Empty the queue, and wait until the alarm has seen a minute without the letters of other tests."""
    pipeline.sqs.purge_queue(QueueUrl=pipeline.deployment.queues["dlq"])
    cloudwatch, name = client("cloudwatch", pipeline.engine), _alarm(pipeline)

    def state() -> str:
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return str(alarm["StateValue"])

    wait_until(lambda: state() == "OK", lambda: f"{name} is {state()}", timeout_s=150)


def _alarm(pipeline: Pipeline) -> str:
    return pipeline.deployment.outputs["AlarmsTopic"].rpartition(":")[2].replace("-alarms", "-dead-letters")


def _alarms(pipeline: Pipeline, heard: str) -> list[dict[str, Any]]:
    """Return what was said of the alarm on dead letters."""
    answer = pipeline.sqs.receive_message(QueueUrl=heard, MaxNumberOfMessages=10, VisibilityTimeout=0)
    told = [json.loads(json.loads(message["Body"])["Message"]) for message in answer.get("Messages", [])]
    name = _alarm(pipeline)
    return [alarm for alarm in told if (alarm["AlarmName"], alarm["NewStateValue"]) == (name, "ALARM")]
