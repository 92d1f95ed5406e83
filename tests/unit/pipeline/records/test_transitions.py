"""Every state and everything that may happen in it, alone and with a rival in between."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.records import states
from tests.unit.pipeline.fake_dynamodb import FakeDynamoDB
from tests.unit.pipeline.records.actions import (
    ACTIONS,
    ATTEMPTS,
    ME,
    OTHER,
    PARTIAL,
    STARTS,
    Action,
    Tables,
    state_of,
)

pytestmark = pytest.mark.unit

FILE = "f" * 32
EDGES = {
    (states.UPLOADED, states.PROCESSING),
    (states.QUEUED, states.PROCESSING),
    (states.PROCESSING, states.TRANSFERRED),
    (states.PROCESSING, states.SUPERSEDED),
    (states.PROCESSING, states.FAILED),
    (states.PROCESSING, states.QUEUED),
    (states.FAILED, states.QUEUED),
    *((state, PARTIAL) for state in states.STATES),
}
STAY = {states.PROCESSING, states.FAILED, PARTIAL}
"""States that a change may keep: another claim, or what is added to the row of a partial file."""


def status(dynamodb: FakeDynamoDB) -> str | None:
    return state_of(dynamodb.rows.get(FILE))


@pytest.mark.parametrize("recording", ["full", "lean"])
@pytest.mark.parametrize("holder", [ME, OTHER])
@pytest.mark.parametrize("start", STARTS, ids=str)
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_each_action_in_each_state(
    action: Action, start: str | None, holder: str, recording: str, dynamodb: FakeDynamoDB
) -> None:
    tables = Tables(dynamodb, "table", recording)
    if start:
        tables.put(FILE, start, holder)
    before = dict(dynamodb.rows.get(FILE, {}))
    action.do(tables, FILE)
    assert status(dynamodb) == action.rule(start, holder)
    if start in states.FINAL and action.name != "quarantine":
        assert dynamodb.rows[FILE] == before


@pytest.mark.parametrize("start", STARTS, ids=str)
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_a_rival_between_the_requests_breaks_no_rule(action: Action, start: str | None) -> None:
    """The rival writes before the action's first, second, … request."""
    for rival, position in product(ACTIONS, range(4)):
        dynamodb = FakeDynamoDB()
        tables = Tables(dynamodb, "table")
        if start:
            tables.put(FILE, start, OTHER)
        _check_race(dynamodb, tables, action, rival, position)


def _check_race(dynamodb: FakeDynamoDB, tables: Tables, action: Action, rival: Action, position: int) -> None:
    requests = 0

    def before() -> None:
        nonlocal requests
        requests += 1
        if requests == position + 1:
            dynamodb.before = lambda: None
            rival.do(tables, FILE)
            dynamodb.before = before

    dynamodb.before = before
    action.do(tables, FILE)
    _check_history(dynamodb)


def _check_history(dynamodb: FakeDynamoDB) -> None:
    for before, after in dynamodb.history:
        assert int(after["attempts"]["N"]) >= 0
        if before is not None:
            way = (str(state_of(before)), str(state_of(after)))
            assert way in EDGES or (way[0] == way[1] and way[0] in STAY), "{} became {}".format(*way)


@given(
    happens=st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=12),
    recording=st.sampled_from(["full", "lean"]),
)
@settings(max_examples=300, deadline=None)
def test_whatever_happens_in_whatever_order(happens: list[Action], recording: str) -> None:
    dynamodb = FakeDynamoDB()
    tables = Tables(dynamodb, "table", recording)
    for action in happens:
        action.do(tables, FILE)
    _check_history(dynamodb)


def test_a_claim_counts_and_a_release_gives_the_attempt_back(dynamodb: FakeDynamoDB) -> None:
    tables = Tables(dynamodb, "table")
    tables.put(FILE, states.PROCESSING, ME)
    tables.release(FILE)
    assert dynamodb.rows[FILE]["attempts"] == {"N": str(ATTEMPTS - 1)}
    tables.claim_shared(FILE)
    assert dynamodb.rows[FILE]["attempts"] == {"N": str(ATTEMPTS)}


def test_a_requeue_gives_all_attempts_and_is_counted(dynamodb: FakeDynamoDB) -> None:
    tables = Tables(dynamodb, "table")
    tables.put(FILE, states.FAILED, OTHER)
    tables.requeue(FILE)
    row = dynamodb.rows[FILE]
    assert (row["attempts"], row["redrives"]) == ({"N": "0"}, {"N": "1"})
