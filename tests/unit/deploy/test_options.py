"""What the user chooses, checked as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.deploy.options import ROUTES, PipelineOptions, parse_parameters
from harness.exceptions import UsageError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_is_fine_by_itself(route: str) -> None:
    PipelineOptions(route=route).validate()


@pytest.mark.parametrize("route", ["queued", "queued-nested", "ecs"])
def test_fifo_implies_a_pipe(route: str) -> None:
    options = PipelineOptions(route=route, fifo=True)
    options.validate()
    assert options.pipe
    assert options.switches() == {"Route": route, "Fifo": "true", "Pipe": "true"}


@pytest.mark.parametrize("route", ["direct", "nested"])
@pytest.mark.parametrize("option", ["fifo", "pipe"])
def test_a_route_without_a_queue_has_neither_pipe_nor_fifo(route: str, option: str) -> None:
    with pytest.raises(UsageError, match=f"--{option} needs a queue"):
        PipelineOptions(route=route, **{option: True}).validate()  # type: ignore[arg-type]


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    options = PipelineOptions(
        route="scenic",
        recording="loud",
        parameters={"Fifo": "true", "CodeKey": "mine"},
        template=tmp_path / "none.yaml",
        handlers=tmp_path / "none",
    )
    with pytest.raises(UsageError) as caught:
        options.validate()
    for part in ("scenic", "loud", "use --fifo", "CodeKey", "is no file", "is no folder"):
        assert part in caught.value.message


def test_parameters_are_pairs() -> None:
    assert parse_parameters(["A=1", "B=x=y", "C="]) == {"A": "1", "B": "x=y", "C": ""}
    with pytest.raises(UsageError) as caught:
        parse_parameters(["A", "=1", "B=1", "B=2"])
    assert [part in caught.value.message for part in ("'A'", "'=1'", "B is given twice")] == [True] * 3
