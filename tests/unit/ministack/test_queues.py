"""The plugin's queues: nothing is lost between threads, and no call looks at more than it must."""

from __future__ import annotations

import json
from typing import Any

import pytest
from floodgate_ministack.batching_windows import gathers, window_of
from floodgate_ministack.sqs_backlog import is_handle
from floodgate_ministack.sqs_messages import Queue, queue_of
from floodgate_ministack.sqs_moves import dead_letters_of

pytestmark = pytest.mark.unit


class Untouched(dict[str, Any]):
    """A message that nobody may look at."""

    def __getitem__(self, key: str) -> Any:
        raise AssertionError(f"{key} was looked at")


def _queue(*messages: dict[str, Any]) -> Queue:
    return queue_of({"name": "q", "messages": list(messages)}, lambda message: message.setdefault("n", 0))


def test_a_message_for_a_list_that_was_replaced_meanwhile_is_not_lost() -> None:
    queue = _queue({"id": "1"})
    looked_up = queue["messages"]
    queue["messages"] = []
    looked_up.append({"id": "2"})
    assert queue["messages"] == [{"id": "2", "n": 0}]


def test_a_delete_looks_no_further_than_what_it_deletes() -> None:
    behind = Untouched(id="4")
    queue = _queue(*({"id": name, "receipt_handle": name} for name in "123"), behind)
    assert queue.delete(["3", "1"]) == ["1", "3"]
    assert [dict(message)["id"] for message in queue["messages"]] == ["2", "4"]


def test_who_goes_through_the_messages_is_not_disturbed_by_a_delete() -> None:
    queue = _queue(*({"id": name, "receipt_handle": name} for name in "123"))
    looking = iter(queue["messages"])
    next(looking)
    queue.delete(["1"])
    assert [message["id"] for message in looking] == ["2", "3"]


def test_a_delete_with_an_old_handle_removes_nothing() -> None:
    queue = _queue({"id": "1", "receipt_handle": "new"}, {"id": "2", "receipt_handle": None})
    assert queue.delete(["old"]) == []
    assert len(queue["messages"]) == 2


def test_a_handle_is_told_from_other_text() -> None:
    assert is_handle("0b8b9a3e-7a3c-4b0e-9d3c-0c7b7d3f4a55")
    assert not is_handle("none")
    assert not is_handle("")


def test_a_queue_whose_dead_letters_go_to_one_of_a_longer_name_is_told_apart() -> None:
    policy = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:r:1:dead-letters", "maxReceiveCount": 1})
    assert dead_letters_of({"attributes": {"RedrivePolicy": policy}}) == "arn:aws:sqs:r:1:dead-letters"
    assert dead_letters_of({"attributes": {}}) is None


@pytest.mark.parametrize(
    ("visible_at", "window_s", "waits"),
    [
        ([], 5.0, False),
        ([97.0, 99.0], 5.0, True),
        ([94.0, 99.0], 5.0, False),
        ([97.0, 98.0, 99.0], 5.0, False),
        ([97.0], 0.0, False),
        ([101.0], 5.0, False),
    ],
    ids=["empty", "begun", "time is over", "full", "no window", "delayed"],
)
def test_a_batch_is_gathered_until_its_window_has_passed_or_it_is_full(
    visible_at: list[float], window_s: float, waits: bool
) -> None:
    messages: list[dict[str, Any]] = [{"visible_at": each} for each in visible_at]
    assert gathers(messages, at_most=3, window_s=window_s, now=100.0) is waits


def test_the_window_is_that_of_the_queues_own_mapping() -> None:
    mappings = [
        {"EventSourceArn": "arn:q", "MaximumBatchingWindowInSeconds": 2},
        {"EventSourceArn": "arn:q2", "MaximumBatchingWindowInSeconds": 9},
    ]
    queue = {"is_fifo": False, "attributes": {"QueueArn": "arn:q"}}
    assert window_of(queue, mappings) == 2.0
    assert window_of({**queue, "is_fifo": True}, mappings) == 0.0
