"""Poison that nobody would refuse is refused itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.exceptions import UsageError
from harness.load import Workload
from harness.load.behaviours.model import Poison, Slow
from harness.run.options import RunOptions
from harness.run.poison import require_refusal

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def no_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def check(*ways: str, **options: Any) -> None:
    poison = Poison.model_validate({"share": 0.1, "ways": ways})
    workload = Workload(description="own", rate_per_s=1.0, files=1, behaviours=(poison,))
    require_refusal(RunOptions("own", **options), workload)


def test_all_that_would_be_delivered_is_told_at_once():
    with pytest.raises(UsageError) as caught:
        check("long_name", "ragged_csv", "marked_name")
    assert all(way in caught.value.message for way in ("long_name", "ragged_csv", "marked_name"))


@pytest.mark.parametrize(
    ("way", "options"),
    [
        ("long_name", {"route": "nested"}),
        ("ragged_csv", {"route": "queued-nested", "parameters": {"Transform": "csv"}}),
        ("marked_name", {"fault_texts": ("s3.CopyObject[*/*.poison.csv]:AccessDenied",)}),
        ("long_name", {"handlers": Path("own")}),
        ("ragged_csv", {"template": Path("own.yaml")}),
    ],
)
def test_what_is_refused_somewhere_or_by_code_of_the_users_own_may_run(way, options):
    check(way, **options)


def test_other_behaviours_need_no_refusal():
    workload = Workload(description="own", rate_per_s=1.0, files=1, behaviours=(Slow(share=0.1),))
    require_refusal(RunOptions("own"), workload)
