"""The stand-ins are a part of their stack: they work in it, their death is seen, nothing of them stays."""

from __future__ import annotations

import os
import signal
import uuid
from pathlib import Path

import pytest

from harness.aws import client
from harness.deploy import PipelineOptions
from harness.engines import process
from harness.stack import lifecycle, stand_ins
from harness.stack.description import StackDescription
from harness.stack.state import StackState
from tests.integration.stack.conftest import wait_until

pytestmark = pytest.mark.integration


def queued_in_order_of_delivery(stack: StackDescription, customer: str) -> list[str]:
    """Return when the customer's files came to the work queue, in the order in which they were delivered."""
    items = client("dynamodb", stack.engine).scan(TableName=stack.table)["Items"]
    mine = [item for item in items if item["customer_id"]["S"] == customer and "transfer_timestamp" in item]
    return [item["queued_at"]["S"] for item in sorted(mine, key=lambda item: item["transfer_timestamp"]["S"])]


def test_a_pipe_to_a_fifo_queue_works_dies_visibly_and_leaves_nothing(home: Path) -> None:
    stack = lifecycle.up("fifo", pipeline=PipelineOptions(fifo=True), customers=1, progress=print)
    assert any("Pipes are stood in for" in sentence for sentence in stack.differs_from_aws)
    s3 = client("s3", stack.engine)
    customer = f"c-{uuid.uuid4().hex[:6]}"
    for number in range(12):
        s3.put_object(Bucket=stack.buckets["source"], Key=f"{customer}/{number}.csv", Body=b"x")
    wait_until(lambda: len(queued_in_order_of_delivery(stack, customer)) == 12, "all files delivered")
    queued = queued_in_order_of_delivery(stack, customer)
    assert queued == sorted(queued)

    (record,) = (one for one in StackState("fifo").processes.read() if one.role == stand_ins.ROLE)
    assert lifecycle.is_alive("fifo") == []
    os.kill(record.pid, signal.SIGKILL)
    wait_until(lambda: lifecycle.is_alive("fifo") == [stand_ins.ROLE], "the dead stand-ins are seen")
    lifecycle.down("fifo", print)
    assert process.of_owner(home) == []
