"""The table of transitions against a real DynamoDB: what the conditions say is what it does."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.aws import client
from harness.engines.base import EngineInfo
from pipeline.records import states
from pipeline.records.changes import Ending
from pipeline.records.states import Hold
from tests.integration.pipeline.polled_queue import make_table
from tests.unit.pipeline.records.actions import (
    ACTIONS,
    ME,
    NOW,
    OTHER,
    STARTS,
    Action,
    Tables,
    state_of,
    upload,
)

pytestmark = pytest.mark.integration

RACERS = 8


@pytest.fixture(scope="module")
def tables(localstack: EngineInfo) -> Tables:
    dynamodb = client("dynamodb", localstack)
    name = f"rows-{uuid.uuid4().hex[:8]}"
    make_table(dynamodb, name)
    return Tables(dynamodb, name)


def status(tables: Tables, file_id: str) -> str | None:
    found = tables.dynamodb.get_item(
        TableName=tables.settings.table_name, Key={"file_id": {"S": file_id}}, ConsistentRead=True
    )
    return state_of(found.get("Item"))


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_each_action_in_each_state(action: Action, tables: Tables) -> None:
    found, expected = {}, {}
    for start in STARTS:
        for holder in (ME, OTHER):
            file_id = f"{action.name} {start} {holder}"
            if start:
                tables.put(file_id, start, holder)
            action.do(tables, file_id)
            found[start, holder] = status(tables, file_id)
            expected[start, holder] = action.rule(start, holder)
    assert found == expected


def race(tables: Tables, file_id: str) -> list[bool]:
    """Let executions claim an upload at the same moment; return who got it."""
    barrier = threading.Barrier(RACERS)

    def claim(number: int) -> bool:
        barrier.wait(30)
        return tables.single.claim(upload(file_id), f"execution-{number}", hold=Hold.EXCLUSIVE).applied

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(claim, range(RACERS)))


@pytest.mark.parametrize("start", [None, states.UPLOADED, states.QUEUED])
def test_of_executions_that_race_for_an_upload_one_gets_it(tables: Tables, start: str | None) -> None:
    for number in range(5):
        file_id = f"race {start} {number}"
        if start:
            tables.put(file_id, start, OTHER)
        assert sum(race(tables, file_id)) == 1


def test_of_attempts_that_end_at_the_same_moment_one_is_written(tables: Tables) -> None:
    for number in range(5):
        file_id = f"ends {number}"
        tables.put(file_id, states.PROCESSING, ME)
        barrier = threading.Barrier(RACERS)

        def end(racer: int, name: str = file_id, start: threading.Barrier = barrier) -> bool:
            start.wait(30)
            ending = Ending(name, states.TRANSFERRED, ME, NOW, destination_version_id=f"v{racer}")
            return tables.single.end(ending).applied

        with ThreadPoolExecutor(RACERS) as pool:
            assert sum(pool.map(end, range(RACERS))) == 1
