"""A Lambda environment that dies in the middle of a copy: another finishes the file, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from harness import faults
from harness.aws import client
from tests.integration.pipeline.conftest import Pipeline, wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def impatient_queue(pipeline: Pipeline) -> Iterator[None]:
    """Messages of a dead worker come again after seconds and not after a minute."""
    url, name = pipeline.deployment.queues["work"], "VisibilityTimeout"
    answer = pipeline.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    pipeline.sqs.set_queue_attributes(QueueUrl=url, Attributes={name: "8"})
    yield
    pipeline.sqs.set_queue_attributes(QueueUrl=url, Attributes={name: answer["Attributes"][name]})


def was_killed(pipeline: Pipeline, invocation: str) -> bool:
    """Tell whether the function's log says that an invocation's process was killed."""
    function = pipeline.deployment.functions["worker"]
    pages = (
        client("logs", pipeline.engine)
        .get_paginator("filter_log_events")
        .paginate(logGroupName=f"/aws/lambda/{function}")
    )
    lines = [event["message"] for page in pages for event in page["events"]]
    return any(invocation in line and "signal: killed" in line for line in lines)


@pytest.mark.usefixtures("impatient_queue")
def test_a_worker_killed_in_the_middle_of_a_copy(
    pipeline: Pipeline, customer: str, held_back: Callable[[], None]
) -> None:
    """Held back, so that no poll is under way that still has the queue's usual timeout."""
    destination = pipeline.deployment.destination_bucket
    slow_copy = f"s3.CopyObject[{destination}/{customer}/*]:delay=4s"
    try:
        faults.apply(pipeline.engine, faults.parse([slow_copy, "lambda.worker:kill=1s"]))
        keys = [f"{customer}/{number}.csv" for number in range(3)]
        versions = {key: pipeline.put(key) for key in keys}
        held_back()
        claims = [pipeline.wait_for_row(key, versions[key], "processing") for key in keys]
        for invocation in {row["claimed_by"] for row in claims}:
            wait_until(lambda name=invocation: was_killed(pipeline, name))  # type: ignore[misc]
    finally:
        faults.clear(pipeline.engine)
    rows = [pipeline.wait_for_row(key, versions[key], "transferred") for key in keys]
    pipeline.wait_until_quiet()
    assert [row["attempts"] for row in rows] == [2, 2, 2]
    delivered = pipeline.delivered(customer)
    assert sorted(found["Key"] for found in delivered) == keys
    assert {row["destination_version_id"] for row in rows} == {found["VersionId"] for found in delivered}
