"""A partial upload is never delivered, whatever the order of everybody's requests, and whoever dies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.common.deadline import DeadlineReachedError
from tests.unit.pipeline.quarantine.turns import Killed, Life
from tests.unit.pipeline.quarantine.world import (
    AGAIN,
    ENDS,
    PART_BYTES,
    RETRIES,
    THRESHOLD_BYTES,
    Actors,
    World,
)

pytestmark = pytest.mark.unit

SMALL, LARGE = b"a part of it", b"x" * (THRESHOLD_BYTES + PART_BYTES)
DELIVERERS: dict[str, Callable[..., Callable[[], Any]]] = {
    "queued": Actors.worker,
    "direct": Actors.copy,
    "nested": Actors.nested,
}
ACTORS = ("quarantine", "deliverer", "recorder")
schedules = st.lists(st.sampled_from(ACTORS), max_size=40)
lives = st.one_of(
    st.just(Life),
    st.builds(
        lambda requests, done: lambda: Life(requests, last_is_done=done), st.integers(1, 14), st.booleans()
    ),
)


def must_come_again(route: str, result: Any) -> bool:
    """Tell whether the engine tries once more: the message is not deleted, or the execution retries."""
    if route == "queued" and isinstance(result, list):
        return bool(result)
    return isinstance(result, (Killed, *AGAIN))


def deliver_again(world: World, route: str, event: dict[str, Any]) -> None:
    """What was not finished comes again, alone, until it is."""
    for number in range(RETRIES):
        if not must_come_again(route, deliver(world, route, event, f"successor-{number}")):
            return
    raise AssertionError("it never came to an end")


def deliver(world: World, route: str, event: dict[str, Any], name: str) -> Any:
    """Deliver without a rival; return the answer or the error."""
    answers: list[Any] = []
    with world.actors([], Life()) as actors:
        do = DELIVERERS[route](actors, event, name, Life())
        raised = actors.turns.run({name: lambda: answers.append(do())})[name]
    assert raised is None or isinstance(raised, (*ENDS, *AGAIN)), raised
    return raised or answers[0]


@pytest.mark.parametrize("route", DELIVERERS)
@given(
    schedule=schedules,
    life=lives,
    body=st.sampled_from([SMALL, LARGE]),
    recording=st.sampled_from(["full", "lean"]),
    patience_s=st.sampled_from([0.5, 60.0]),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_every_order(
    route: str,
    schedule: list[str],
    life: Callable[[], Life],
    body: bytes,
    recording: str,
    patience_s: float,
) -> None:
    world = World(recording)
    upload, event = world.store(body)
    results: list[Any] = []
    with world.actors(schedule, life()) as actors:
        do = DELIVERERS[route](actors, event)
        raised = actors.turns.run(
            {
                "quarantine": actors.quarantine(world.notice(upload), patience_s),
                "deliverer": lambda: results.append(do()),
                "recorder": actors.recorder(upload),
            }
        )
    assert raised["recorder"] is None
    if isinstance(raised["quarantine"], DeadlineReachedError):
        # It waited for one who is dead, and a large copy was left to be moved: Lambda tries the event again.
        with world.actors([], Life()) as actors:
            raised |= actors.turns.run({"quarantine": actors.quarantine(world.notice(upload))})
    assert raised["quarantine"] is None
    error = raised["deliverer"]
    assert error is None or isinstance(error, (Killed, *ENDS, *AGAIN)), error
    if must_come_again(route, error or results[0]):
        deliver_again(world, route, event)
    assert world.state(upload) == "failed"
    assert world.dynamodb.rows[upload.file_id]["error_type"] == {"S": "PartialUpload"}
    assert "withdrawn_at" in world.dynamodb.rows[upload.file_id]
    assert world.copies(upload) == []
    assert world.s3.uploads == {} or isinstance(error, Killed), "parts are left of a copy"
    assert [one.body for one in world.s3.buckets["source"][upload.key]] == [body]
