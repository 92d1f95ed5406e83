"""Who descends from whom."""

from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest

from harness.measure.process_tree import ProcessTree

pytestmark = pytest.mark.unit


class Machine:
    """Processes by pid and parent, and how often they were read."""

    def __init__(self, parents: dict[int, int]) -> None:
        self.parents = parents
        self.reads = 0

    def process_iter(self, _attributes: list[str]) -> list[SimpleNamespace]:
        self.reads += 1
        return [SimpleNamespace(pid=pid, info={"ppid": parent}) for pid, parent in self.parents.items()]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine({0: 0, 1: 0, 10: 1, 11: 10, 12: 10, 20: 11, 30: 1})
    monkeypatch.setattr(psutil, "process_iter", machine.process_iter)
    return machine


def pids(tree: ProcessTree, root: int) -> set[int]:
    return {process.pid for process in tree.descendants(root)}


def test_children_and_their_children_are_found(machine: Machine) -> None:
    assert pids(ProcessTree(), 10) == {11, 12, 20}
    assert pids(ProcessTree(), 30) == set()


def test_a_process_that_is_its_own_parent_does_no_harm(machine: Machine) -> None:
    assert pids(ProcessTree(), 0) == {1, 10, 11, 12, 20, 30}


def test_one_reading_serves_all_parents_for_a_while(machine: Machine) -> None:
    moments = iter([0.0, 0.0, 1.0, 2.5, 2.5])
    tree = ProcessTree(every_s=2.0, clock=lambda: next(moments))
    assert pids(tree, 30) == set()
    machine.parents[31] = 30
    assert pids(tree, 30) == set()
    assert pids(tree, 30) == {31}
    assert machine.reads == 2
