"""The parts of the plugin's Step Functions that need no LocalStack."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace

import pytest
from floodgate_localstack.stepfunctions.deadlines import Deadlines
from floodgate_localstack.stepfunctions.json_values import copied
from floodgate_localstack.stepfunctions.kept_executions import Executions, GeneratedName
from floodgate_localstack.stepfunctions.status_events import could_match
from floodgate_localstack.stepfunctions.worker_threads import WorkerThreads

pytestmark = pytest.mark.unit

WAIT_S = 10.0


class NotThereError(Exception):
    """Refusal of a dropped execution."""


def test_copy_of_json_is_equal_and_shares_nothing() -> None:
    value = {"a": [{"b": 1.5, "c": None}, "text", True], "d": {}}
    copy = copied(value)
    assert copy == value
    copy["a"][0]["b"] = 2
    copy["d"]["e"] = 1
    assert value == {"a": [{"b": 1.5, "c": None}, "text", True], "d": {}}


def test_copy_of_what_is_no_json_is_left_to_deepcopy() -> None:
    value = SimpleNamespace(items=[1])
    copy = copied(value)
    copy.items.append(2)
    assert value.items == [1]


def test_jobs_run_at_once_and_threads_are_used_again() -> None:
    workers, leave, seen = WorkerThreads(), threading.Event(), []
    both = threading.Barrier(3)

    def wait() -> None:
        seen.append(threading.get_ident())
        both.wait(WAIT_S)
        leave.wait(WAIT_S)

    workers.run(wait)
    workers.run(wait)
    both.wait(WAIT_S)
    leave.set()
    while len(workers._idle) < 2:
        threading.Event().wait(0.001)
    done = threading.Event()

    def note() -> None:
        seen.append(threading.get_ident())
        done.set()

    workers.run(note)
    assert done.wait(WAIT_S)
    assert len(seen) == 3
    assert seen[2] in seen[:2]


def test_deadlines_fall_due_in_order_and_can_be_cancelled() -> None:
    deadlines, seen, done = Deadlines(), [], threading.Event()
    deadlines.after(0.06, done.set)
    deadlines.after(0.04, lambda: seen.append("second"))
    deadlines.after(0.02, lambda: seen.append("first"))
    deadlines.after(0.01, lambda: seen.append("cancelled")).cancel()
    assert done.wait(WAIT_S)
    assert seen == ["first", "second"]


def test_deadline_whose_call_fails_does_not_stop_the_others() -> None:
    deadlines, done = Deadlines(), threading.Event()
    deadlines.after(0.001, lambda: 1 / 0)
    deadlines.after(0.01, done.set)
    assert done.wait(WAIT_S)


def executions(kept: int, *names: str) -> Executions:
    made = Executions(kept, NotThereError)
    for name in names:
        made[f"arn:{name}"] = SimpleNamespace(name=name)
    return made


def test_oldest_of_each_kind_are_dropped() -> None:
    made = executions(1, "a", "b", "c", "running")
    made.has_ended("arn:a", succeeded=True)
    made.has_ended("arn:b", succeeded=False)
    made.has_ended("arn:c", succeeded=True)
    assert sorted(made) == ["arn:b", "arn:c", "arn:running"]


def test_dropped_name_stays_taken_and_its_execution_is_refused() -> None:
    made = executions(0, "chosen")
    made.has_ended("arn:chosen", succeeded=True)
    stand_in = made.get("arn:chosen")
    assert stand_in.exec_arn == "arn:chosen"
    with pytest.raises(NotThereError):
        stand_in.to_describe_output()
    assert made.get("arn:other") is None


def test_generated_name_is_not_remembered() -> None:
    made = executions(0)
    made["arn:x"] = SimpleNamespace(name=GeneratedName("x"))
    made.has_ended("arn:x", succeeded=True)
    assert made.get("arn:x") is None


def test_executions_can_come_and_go_while_they_are_listed() -> None:
    made = executions(5, "a", "b")
    for execution in made.values():
        made[f"arn:{execution.name}-child"] = SimpleNamespace(name="child")
    assert len(made) == 4


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["aws.s3"]}, False),
        ({"source": ["aws.s3", "aws.states"]}, True),
        ({"source": [{"prefix": "aws."}]}, True),
        ({"detail-type": ["Object Created"]}, True),
        ({"$or": [{"source": ["aws.states"]}]}, True),
        ({"source": ["aws.states"], "detail": {"status": ["FAILED", "ABORTED"]}}, True),
        ({"source": ["aws.states"], "detail": {"status": ["SUCCEEDED"]}}, False),
        ({"source": ["aws.states"], "detail": {"status": [{"anything-but": "RUNNING"}]}}, True),
        (None, False),
    ],
)
def test_rule_that_could_match_a_status_event(pattern: dict[str, object] | None, expected: bool) -> None:
    assert could_match(json.dumps(pattern) if pattern else None, "FAILED") is expected
