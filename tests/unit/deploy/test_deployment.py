"""What is refused before anything is built or asked of an engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.deploy import PipelineOptions, deploy
from harness.engines.base import Capabilities, EngineInfo
from harness.exceptions import UsageError

pytestmark = pytest.mark.unit

NOWHERE = EngineInfo(name="none", mode="none", version="0", endpoint_url="http://127.0.0.1:9")


def attempt(work_dir: Path, **arguments: object) -> None:
    chosen = {"options": PipelineOptions(), **arguments}
    deploy(
        NOWHERE,
        Capabilities(),
        stack_name="name",
        work_dir=work_dir / "work",
        progress=lambda line: None,
        **chosen,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"options": PipelineOptions(route="scenic")}, "route 'scenic'"),
        ({"profile": "moon"}, "profile 'moon'"),
        ({"options": PipelineOptions(parameters={"Colour": "blue"})}, "parameter Colour"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_done(
    tmp_path: Path, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        attempt(tmp_path, **arguments)
    assert not (tmp_path / "work").exists()
