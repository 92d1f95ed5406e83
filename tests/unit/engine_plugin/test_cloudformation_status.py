"""A stack tells that it is complete when its outputs are there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from floodgate_localstack.cloudformation_status import status_last, work_on_a_stack

pytestmark = pytest.mark.unit


class Stack:
    """Notes with each status what it had for outputs then."""

    def __init__(self) -> None:
        self.outputs: list[str] = []
        self.history: list[tuple[str, list[str]]] = []

    def _set_stack_status(self, status: str, reason: str | None = None) -> None:
        del reason
        self.history.append((status, list(self.outputs)))

    set_stack_status = status_last(_set_stack_status)


def work(stack: Stack, *steps: Callable[[Stack], None]) -> Stack:
    def run() -> None:
        stack.set_stack_status("UPDATE_IN_PROGRESS")
        stack.set_stack_status("UPDATE_COMPLETE", reason="done")
        for step in steps:
            step(stack)

    work_on_a_stack(run)()
    return stack


def test_complete_is_told_after_the_outputs() -> None:
    stack = work(Stack(), lambda stack: stack.outputs.append("url"))
    assert stack.history == [("UPDATE_IN_PROGRESS", []), ("UPDATE_COMPLETE", ["url"])]


def test_work_that_fails_after_all_is_not_complete() -> None:
    stack = work(Stack(), lambda stack: stack.set_stack_status("UPDATE_FAILED"))
    assert [status for status, _ in stack.history] == ["UPDATE_IN_PROGRESS", "UPDATE_FAILED"]


def test_another_stack_that_fails_changes_nothing() -> None:
    other = Stack()
    stack = work(Stack(), lambda _: other.set_stack_status("CREATE_FAILED"))
    assert stack.history[-1][0] == "UPDATE_COMPLETE"
    assert other.history == [("CREATE_FAILED", [])]


def test_outside_of_work_a_status_is_set_at_once() -> None:
    stack = work(Stack())
    stack.set_stack_status("CREATE_COMPLETE")
    assert stack.history[-1] == ("CREATE_COMPLETE", [])
