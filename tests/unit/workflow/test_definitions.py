"""The definitions hold together: states, retries, catches, times, placeholders, what flows between states."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from pipeline.workflow import errors
from pipeline.workflow.documents import FileDocument
from tests.unit.workflow import definitions
from tests.unit.workflow.definitions import CHILDREN, FOLDER, NAMES, PLACEHOLDER, State

pytestmark = pytest.mark.unit

VARIANTS = dict(definitions.variants())
PARENTS = [name for name in NAMES if name.startswith("parent")]
THROTTLES = {
    "arn:aws:states:::lambda:invoke": "Lambda.TooManyRequestsException",
    "arn:aws:states:::states:startExecution.sync:2": "StepFunctions.ThrottlingException",
    "arn:aws:states:::aws-sdk:sfn:startSyncExecution": "Sfn.ThrottlingException",
    "arn:aws:states:::sns:publish": "States.TaskFailed",
}
FUNCTION_TIMEOUTS_S = {"Validate": 110, "Notify": 110}
"""The longest that the template may give a function; 900 s, what Lambda allows, for the others."""


def all_tasks() -> list[Any]:
    return [
        pytest.param(variant, name, state, id=f"{variant}: {name}")
        for variant, definition in VARIANTS.items()
        for name, state in definitions.tasks(definition).items()
    ]


def test_every_definition_is_told_of() -> None:
    assert {"transfer-file", "child", "child-express"} | set(PARENTS) == set(NAMES)
    readme = (FOLDER / "README.md").read_text()
    assert [name for name in NAMES if f"`{name}`" not in readme] == []


@pytest.mark.parametrize("name", NAMES)
def test_it_is_json_before_anything_is_substituted(name: str) -> None:
    assert json.loads(definitions.text(name))["Comment"]


def test_every_placeholder_is_documented_and_no_other() -> None:
    used = {found for name in NAMES for found in PLACEHOLDER.findall(definitions.text(name))}
    readme = (FOLDER / "README.md").read_text()
    table = readme[readme.index("## Substitutions") : readme.index("## Input")]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == used


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_state_can_be_reached_and_every_way_ends(variant: str) -> None:
    definition = VARIANTS[variant]
    assert definitions.reachable(definition) == set(definition["States"])
    for name, state in definition["States"].items():
        goes_on = bool(definitions.next_states(state)) and "Next" in str(state)
        assert goes_on or state.get("End") or state["Type"] in ("Succeed", "Fail"), name


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_machine_outlives_each_of_its_tasks(variant: str) -> None:
    definition = VARIANTS[variant]
    for name, state in definitions.tasks(definition).items():
        assert state["TimeoutSeconds"] < definition["TimeoutSeconds"], name


def test_an_express_child_ends_within_what_aws_gives_it() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
    assert definitions.load("child-express")["TimeoutSeconds"] <= 300


def test_a_parent_waits_longer_than_its_child_runs() -> None:
    for parent in PARENTS:
        if "Transfer" not in definitions.load(parent)["States"]:
            continue
        child = "child-express" if parent.endswith("express") else "child"
        waits = definitions.load(parent)["States"]["Transfer"]["TimeoutSeconds"]
        assert waits > definitions.load(child)["TimeoutSeconds"], parent


@pytest.mark.parametrize(("variant", "name", "state"), all_tasks())
def test_a_task_outlives_its_function(variant: str, name: str, state: State) -> None:
    if not definitions.is_function(state):
        return
    function = state["Parameters"]["FunctionName"].strip("<>").removesuffix("FunctionArn")
    longest = 280 if variant.startswith("child-express") else FUNCTION_TIMEOUTS_S.get(function, 900)
    assert state["TimeoutSeconds"] > longest


@pytest.mark.parametrize(("variant", "name", "state"), all_tasks())
def test_throttles_are_retried_with_backoff_and_jitter(variant: str, name: str, state: State) -> None:
    retriers = state["Retry"]
    retried = [error for retrier in retriers for error in retrier["ErrorEquals"]]
    assert THROTTLES[state["Resource"]] in retried
    assert len(retried) == len(set(retried))
    for retrier in retriers:
        assert retrier["BackoffRate"] > 1
        assert retrier["JitterStrategy"] == "FULL"
        assert retrier["IntervalSeconds"] < retrier["MaxDelaySeconds"] <= 60
        assert retrier["MaxAttempts"] >= 3


def test_all_functions_are_retried_alike() -> None:
    """JSON has no anchors, so this keeps the copies of the block the same."""
    blocks = {
        json.dumps(state["Retry"])
        for definition in VARIANTS.values()
        for state in definitions.tasks(definition).values()
        if definitions.is_function(state)
    }
    assert len(blocks) == 1
    assert errors.TransientError.__name__ in blocks.pop()


@pytest.mark.parametrize(("variant", "name", "state"), all_tasks())
def test_a_refusal_is_never_retried(variant: str, name: str, state: State) -> None:
    refusals = {kind.__name__ for kind in errors.RefusedError.__subclasses__()}
    assert len(refusals) == 9
    never = refusals | {"PermanentError", "NothingToDoError"}
    if definitions.is_function(state):
        never |= {"States.ALL", "States.TaskFailed"}
    retried = {error for retrier in state["Retry"] for error in retrier["ErrorEquals"]}
    assert retried & never == set()


@pytest.mark.parametrize("parent", PARENTS)
def test_every_failure_of_a_parent_is_recorded_before_it_ends(parent: str) -> None:
    states = definitions.load(parent)["States"]
    for name, state in definitions.tasks({"States": states}).items():
        caught = {error: catcher for catcher in state["Catch"] for error in catcher["ErrorEquals"]}
        expected = {"Notify": "TransferredUnannounced", "RecordFailure": "FailureNotRecorded"}
        assert caught["States.ALL"]["Next"] == expected.get(name, "RecordFailure"), name
        assert list(caught)[-1] == "States.ALL"
    assert states["RecordFailure"]["Next"] == "HasFailed"
    (choice,) = states["HasFailed"]["Choices"]
    assert (choice["Variable"], choice["IsPresent"], choice["Next"]) == ("$.error", True, "Failed")


@pytest.mark.parametrize("parent", PARENTS)
def test_a_child_that_was_there_already_is_judged_by_the_row(parent: str) -> None:
    """It has this attempt's own name: an answer was lost, and how the child ended is not known here."""
    states = definitions.load(parent)["States"]
    caught = [
        error for state in states.values() for way in state.get("Catch", []) for error in way["ErrorEquals"]
    ]
    assert not [error for error in caught if "AlreadyExists" in error]


@pytest.mark.parametrize("name", [*CHILDREN, "transfer-file"])
def test_how_a_child_fails_is_its_answer(name: str) -> None:
    for state in definitions.tasks(definitions.load(name)).values():
        assert "Catch" not in state


def test_a_duplicate_ends_well_and_is_neither_recorded_nor_announced() -> None:
    for parent in PARENTS:
        states = definitions.load(parent)["States"]
        ways = [
            catcher["Next"]
            for state in states.values()
            for catcher in state.get("Catch", [])
            if catcher["ErrorEquals"][0] == "NothingToDoError"
        ]
        assert set(ways) == {"NothingToDo"}
        assert states["NothingToDo"]["Type"] == "Succeed"


def test_the_task_of_route_direct_gets_the_three_fields() -> None:
    (state,) = definitions.load("transfer-file")["States"].values()
    payload = state["Parameters"]["Payload"]
    assert payload["source_bucket.$"] == "$.detail.bucket.name"
    assert payload["key.$"] == "$.detail.object.key"
    assert payload["destination_bucket"] == "<DestinationBucket>"


@pytest.mark.parametrize("name", NAMES)
def test_no_intrinsic_functions_and_no_path_into_the_input_of_a_parent(name: str) -> None:
    found = list(definitions.paths(definitions.load(name)))
    assert not [path for path in found if path.startswith("States.")]
    if name in PARENTS:
        assert not [path for path in found if path.startswith("$.detail")]


def test_every_path_names_a_field_that_is_given() -> None:
    """Documents, results, what Step Functions answers, what a Catch gives: those fields, no other."""
    document = set(FileDocument.__dataclass_fields__)
    given = document | {"Payload", "Output", "Status", "error", "cause"}
    for name in NAMES:
        for path in definitions.paths(definitions.load(name)):
            if path in ("$", "$$.Execution.Id", "$$.Execution.Input") or path.startswith("$.detail."):
                continue
            assert path.removeprefix("$.") in given, f"{name}: {path}"
