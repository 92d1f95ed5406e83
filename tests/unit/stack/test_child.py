"""What a process of a stack gets of the user's variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.engines import process
from harness.stack import child
from harness.stack.state import StackState

pytestmark = pytest.mark.unit

OF_ACCOUNT = {"AWS_PROFILE": "tests", "https_proxy": "http://proxy:1", "REQUESTS_CA_BUNDLE": "/ca.pem"}


@pytest.mark.parametrize("mode", ["aws", "host"])
def test_what_leads_to_an_account_is_for_those_who_work_in_one(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    for name, value in {**OF_ACCOUNT, "EDITOR": "ed"}.items():
        monkeypatch.setenv(name, value)
    given: dict[str, str] = {}

    def spawn(*_: Any, env: dict[str, str], **__: Any) -> None:
        given.update(env)
        raise InterruptedError

    monkeypatch.setattr(process, "spawn", spawn)
    state = StackState("x")
    state.folder.mkdir(parents=True)
    with pytest.raises(InterruptedError):
        child.start(state, "sftp", "m", {"engine": {"mode": mode}}, name="it", timeout_s=1)
    assert "EDITOR" not in given
    assert {name: given[name] for name in OF_ACCOUNT if name in given} == (
        OF_ACCOUNT if mode == "aws" else {}
    )
