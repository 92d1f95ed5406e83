"""The table of tiers, and what happens to the docker tier where there is no Docker Engine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import tiers
from tests.tiers import TierTimes, tier_of

pytestmark = pytest.mark.unit


def report(nodeid: str, outcome: str, *, duration: float = 0.0, when: str = "call", **more: Any) -> Any:
    return SimpleNamespace(nodeid=nodeid, outcome=outcome, duration=duration, when=when, **more)


class Item:
    """A collected test with one marker."""

    def __init__(self, marker: str) -> None:
        self.markers = [marker]
        self.added: list[Any] = []

    def get_closest_marker(self, name: str) -> str | None:
        return name if name in self.markers else None

    def add_marker(self, marker: Any) -> None:
        self.added.append(marker)


def test_the_tier_is_the_folder_below_tests() -> None:
    assert tier_of("tests/unit/engines/docker/test_image.py::test_it[a/b]") == "unit"
    assert tier_of("tests/docker/test_pythons.py::test_it") == "docker"


def test_times_of_setup_and_call_are_added_and_outcomes_counted_once() -> None:
    times = TierTimes(environ={})
    for when, outcome in (("setup", "passed"), ("call", "failed"), ("teardown", "passed")):
        times.pytest_runtest_logreport(report("tests/e2e/test_a.py::t", outcome, duration=2.0, when=when))
    times.pytest_runtest_logreport(report("tests/e2e/test_a.py::u", "skipped", when="setup"))
    times.pytest_runtest_logreport(report("tests/e2e/test_a.py::v", "skipped", wasxfail="why"))
    table = times.table(tests_s=3.0)
    assert table[1].split() == ["e2e", "0", "1", "1", "1", "6", "s", str(tiers.BUDGETS_S["e2e"]), "s"]


def test_a_tier_over_its_budget_is_told() -> None:
    times = TierTimes(environ={})
    for tier, more in (("unit", 0), ("docker", 1)):
        seconds = tiers.BUDGETS_S[tier] + more
        times.pytest_runtest_logreport(report(f"tests/{tier}/test_a.py::t", "passed", duration=seconds))
    over = [line.split()[0] for line in times.table(tests_s=3.0) if "OVER BUDGET" in line]
    assert over == ["docker"]


def test_what_ci_did_before_counts_for_the_whole(tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    steps.write_text("61 ruff, mypy, cfn-lint\n9.5 Docker Engine\n")
    lines = TierTimes(environ={tiers.STEPS_VARIABLE: str(steps)}).table(tests_s=2400)
    assert lines[1:3] == ["ruff, mypy, cfn-lint: 61 s", "Docker Engine: 10 s"]
    assert lines[3].endswith("2470 s of 2400 s  OVER BUDGET")


def test_without_a_docker_engine_only_its_tier_is_left_out_with_the_reason() -> None:
    items: list[Any] = [Item("docker"), Item("e2e")]
    TierTimes(environ={tiers.NO_DOCKER_VARIABLE: "no root"}).pytest_collection_modifyitems(items)
    (mark,) = items[0].added
    assert (mark.name, mark.kwargs["reason"]) == ("skip", "NO DOCKER ENGINE: no root")
    assert items[1].added == []


def test_nothing_is_left_out_otherwise() -> None:
    items: list[Any] = [Item("docker")]
    TierTimes(environ={}).pytest_collection_modifyitems(items)
    assert items[0].added == []
