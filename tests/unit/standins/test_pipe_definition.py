"""What is taken of a pipe's properties, and what of its records comes again."""

from __future__ import annotations

from typing import Any

import pytest

from harness.exceptions import UsageError
from harness.standins.pipes.definition import pipe_of
from harness.standins.pipes.enrichment import as_list
from harness.standins.pipes.paths import JsonPath
from harness.standins.pipes.run import taken
from harness.standins.pipes.target import Refused

pytestmark = pytest.mark.unit

SOURCE = "arn:aws:sqs:us-east-1:000000000000:in"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:out.fifo"
MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:parent"


def properties(**changes: Any) -> dict[str, Any]:
    return {"Source": SOURCE, "Target": QUEUE, **changes}


def test_properties_are_read_also_where_numbers_are_texts() -> None:
    pipe = pipe_of(
        "Pipe",
        properties(
            Name="work-pipe",
            SourceParameters={
                "SqsQueueParameters": {"BatchSize": "7", "MaximumBatchingWindowInSeconds": "2"},
                "FilterCriteria": {"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]},
            },
            TargetParameters={
                "InputTemplate": "<$.body>",
                "SqsQueueParameters": {"MessageGroupId": "$.customer_id", "MessageDeduplicationId": "fixed"},
            },
        ),
    )
    assert (pipe.name, pipe.batch_size, pipe.batch_window_s, len(pipe.filters)) == ("work-pipe", 7, 2, 1)
    assert isinstance(pipe.group_id, JsonPath)
    assert pipe.deduplication_id == "fixed"
    assert not pipe.source_is_fifo


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"Source": "arn:aws:kinesis:us-east-1:1:stream/s"}, "source"),
        ({"Source": "https://sqs/q"}, "not an ARN"),
        ({"Target": "arn:aws:sns:us-east-1:1:topic"}, "target"),
        ({"Target": MACHINE}, "FIRE_AND_FORGET"),
        ({"Enrichment": "arn:aws:states:us-east-1:1:stateMachine:e"}, "enrichment"),
        ({"SourceParameters": {"SqsQueueParameters": {"BatchSize": 11}}}, "BatchSize"),
        ({"SourceParameters": {"FilterCriteria": {"Filters": [{"Pattern": "x"}]}}}, "JSON"),
        ({"TargetParameters": {"InputTemplate": "<$..x>"}}, "path"),
    ],
)
def test_what_cannot_be_stood_in_for_is_refused_by_name(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(UsageError, match=f"WorkPipe.*{word}"):
        pipe_of("WorkPipe", properties(**changes))


def test_a_state_machine_is_started_and_not_waited_for() -> None:
    invocation = {"StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"}}
    assert pipe_of("Pipe", properties(Target=MACHINE, TargetParameters=invocation)).target_kind == "states"


def test_rendered_templates_become_one_list_with_texts_as_texts() -> None:
    assert as_list(['{"a": 1}', "plain", "5"]) == '[{"a": 1},"plain",5]'


def records(*groups: str) -> list[dict[str, Any]]:
    return [
        {"messageId": str(number), "attributes": {"MessageGroupId": group}}
        for number, group in enumerate(groups)
    ]


def ids(found: list[dict[str, Any]]) -> str:
    return "".join(record["messageId"] for record in found)


def test_only_the_refused_come_again() -> None:
    assert ids(taken(records("", "", ""), 3, [Refused(1, "no")], fifo=False)) == "02"


def test_all_come_again_where_the_refused_one_cannot_be_told() -> None:
    assert taken(records("", "", ""), 2, [Refused(1, "no")], fifo=False) == []
    assert ids(taken(records("", "", ""), 2, [], fifo=False)) == "012"


def test_from_a_fifo_queue_the_later_ones_of_the_group_come_again_too() -> None:
    assert ids(taken(records("a", "b", "a", "b", "a"), 5, [Refused(2, "no")], fifo=True)) == "013"
