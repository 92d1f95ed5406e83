"""Which queue a dead letter goes back to, what a selection means, and how fast messages go."""

from __future__ import annotations

import time

import pytest

from harness.deadletters.letters import Selection
from harness.deadletters.moving import Pace
from harness.deadletters.sources import dead_letter_queues

pytestmark = pytest.mark.unit

QUEUED = {"work": "w", "dlq": "d", "undelivered_events": "u", "recorder": "r", "recorder_dlq": "rd"}
FIFO = {"work": "w.fifo", "dlq": "d.fifo", "ingress": "i", "ingress_dlq": "id", "undelivered_events": "u"}
PIPE_TO_MACHINE = {"ingress": "i", "dlq": "d", "undelivered_events": "u"}
DIRECT = {"undelivered_events": "u"}


@pytest.mark.parametrize(
    ("queues", "back_to"),
    [
        (QUEUED, {"dlq": "w", "undelivered_events": "w", "recorder_dlq": "r"}),
        (FIFO, {"dlq": "w.fifo", "ingress_dlq": "i", "undelivered_events": "i"}),
        (PIPE_TO_MACHINE, {"dlq": "i", "undelivered_events": "i"}),
        (DIRECT, {"undelivered_events": None}),
        ({}, {}),
    ],
)
def test_each_kind_of_dead_letter_has_its_way_back(queues, back_to):
    assert {queue.role: queue.back_to for queue in dead_letter_queues(queues)} == back_to


def test_only_queues_with_a_redrive_policy_know_where_their_messages_came_from():
    assert [queue.role for queue in dead_letter_queues(QUEUED) if queue.has_source] == ["dlq", "recorder_dlq"]


def test_fifo_queues_are_known_by_their_name():
    assert [queue.is_fifo for queue in dead_letter_queues(FIFO)] == [True, False, False]


@pytest.mark.parametrize(
    ("selection", "included"),
    [
        (Selection(), True),
        (Selection(keys={"a"}), True),
        (Selection(keys={"b"}), False),
        (Selection(file_ids={"1"}), True),
        (Selection(keys={"b"}, file_ids={"1"}), True),
        (Selection(file_ids={"2"}), False),
    ],
)
def test_a_selection_without_names_means_all(selection, included):
    assert selection.includes("a", "1") is included


def test_a_message_about_no_object_is_in_no_selection_by_name():
    assert not Selection(keys={"a"}).includes(None, None)


def test_a_pace_spreads_messages_evenly(monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    monkeypatch.setattr(time, "sleep", waits.append)
    pace = Pace(per_s=4, begun=100.0)
    for _ in range(3):
        pace.wait()
    assert waits == [0.0, 0.25, 0.5]
