"""Those of the plugin's functions that need no MiniStack."""

from __future__ import annotations

import json

import pytest
from floodgate_ministack.child_executions import failure, with_json_input, with_text_input
from floodgate_ministack.s3_events import with_version
from floodgate_ministack.transfer_events import are_of_transfer

pytestmark = pytest.mark.unit


def test_an_event_names_the_version_of_its_object() -> None:
    detail = json.dumps({"bucket": {"name": "b"}, "object": {"key": "k", "size": 1}})
    assert json.loads(with_version(detail, "v-1"))["object"] == {"key": "k", "size": 1, "version-id": "v-1"}


def test_a_failed_child_is_a_failed_task_that_tells_of_the_child() -> None:
    error, cause = failure({"executionArn": "arn:e", "status": "FAILED", "error": "Broken", "cause": "why"})
    assert error == "States.TaskFailed"
    told = {"ExecutionArn": "arn:e", "Status": "FAILED", "Error": "Broken", "Cause": "why"}
    assert json.loads(cause) == told


def test_the_input_of_a_child_is_json() -> None:
    assert with_json_input({"Input": '{"n": 1}', "Output": 2}) == {"Input": {"n": 1}, "Output": 2}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"Input": {"n": 1}}, {"Input": '{"n": 1}'}),
        ({"Input": '{"n": 1}'}, {"Input": '{"n": 1}'}),
        ({"StateMachineArn": "arn:m"}, {"StateMachineArn": "arn:m"}),
    ],
)
def test_the_input_of_a_start_is_sent_as_text(given: dict[str, object], sent: dict[str, object]) -> None:
    assert with_text_input(given) == sent


def test_events_of_transfer_family_are_told_from_others() -> None:
    ours, other = {"Source": "aws.transfer"}, {"Source": "aws.s3"}
    assert are_of_transfer({"Entries": [ours, ours]})
    assert not are_of_transfer({"Entries": [ours, other]})
    assert not are_of_transfer({"Entries": []})
