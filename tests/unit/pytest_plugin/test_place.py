"""The stack's name of a test run, and how its processes agree on it."""

from __future__ import annotations

import os
from typing import Any

import pytest

from harness.pytest_plugin.place import Place
from harness.stack.state import StackState

pytestmark = pytest.mark.unit


def test_every_test_run_has_a_stack_of_its_own() -> None:
    assert Place.new().name != Place.new().name


def test_its_name_is_one_that_a_stack_may_have() -> None:
    assert StackState(Place.new().name).name.startswith(f"pytest-{os.getpid()}-")


def test_a_worker_gets_the_place_of_the_process_that_started_it() -> None:
    handed: dict[str, Any] = {"workerid": "gw0"}
    place = Place.new()
    place.hand(handed)
    assert Place.handed(handed) == place
