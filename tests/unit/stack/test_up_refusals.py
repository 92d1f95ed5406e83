"""Bad arguments of `up` are refused before anything is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.deploy import PipelineOptions
from harness.exceptions import StackNotFoundError, UsageError
from harness.stack import lifecycle

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "Not A Name"}, "no name for a stack"),
        ({"engine": "moto"}, "no engine"),
        ({"pipeline": PipelineOptions(route="scenic")}, "no route"),
        ({"customers": 0}, "customers"),
    ],
    ids=["name", "engine", "route", "customers"],
)
def test_refused_and_nothing_written(arguments: dict[str, object], message: str, home: Path) -> None:
    with pytest.raises(UsageError, match=message):
        lifecycle.up(**{"name": "demo", "progress": print, **arguments})  # type: ignore[arg-type]
    assert not home.exists()


def test_what_is_not_up_cannot_be_described_or_stopped() -> None:
    assert lifecycle.describe("demo") is None
    assert lifecycle.down("demo", print) is False
    with pytest.raises(StackNotFoundError) as caught:
        lifecycle.is_alive("demo")
    assert "floodgate up" in str(caught.value.hint)
