"""What a run may be asked for with."""

from __future__ import annotations

import pytest

from harness.exceptions import UsageError
from harness.service.request import from_form, from_json
from tests.unit.service.stand_ins import SCENARIOS

pytestmark = pytest.mark.unit


def test_a_request_becomes_options_and_leaves_the_rest_to_the_scenario() -> None:
    assert from_json({"scenario": "smoke"}, SCENARIOS).options() == ["--seed=1"]
    asked = from_json({"scenario": "smoke", "minutes": 1.5, "rate": 20, "seed": 7}, SCENARIOS)
    assert asked.options() == ["--minutes=1.5", "--rate=20.0", "--seed=7"]


def test_of_a_form_only_our_own_fields_are_read_and_empty_ones_are_none() -> None:
    form = {"scenario": "smoke", "files": "30", "minutes": "", "rate": "", "seed": "", "user_count": "1"}
    assert from_form(form, SCENARIOS).options() == ["--files=30", "--seed=1"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"scenario": "/etc/passwd"}, "no scenario '/etc/passwd'"),
        ({"scenario": "--engine=aws"}, "no scenario '--engine=aws'"),
        ({"scenario": "smoke", "minutes": 0}, "minutes"),
        ({"scenario": "smoke", "rate": "nan"}, "rate"),
        ({"scenario": "smoke", "rate": "1 --engine=aws"}, "rate"),
        ({"scenario": "smoke", "seed": -1}, "seed"),
        ({"scenario": "smoke", "minutes": 1, "files": 5}, "exclude each other"),
        ({"scenario": "smoke", "engine": "aws"}, "engine"),
        ({}, "scenario"),
        (["smoke"], "wrong"),
        (None, "wrong"),
    ],
)
def test_anything_else_is_refused(content: object, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        from_json(content, SCENARIOS)
