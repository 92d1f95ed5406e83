"""`down` of a stack that this machine knows to be in an account, and that never came to be there."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cost.estimate import estimate
from harness.cost.per_file import Variant
from harness.deploy.account.proof import Proof
from harness.engines.aws.account import Account
from harness.engines.base import EngineInfo
from harness.stack import account
from harness.stack.in_account import known
from harness.stack.state import Ownership, StackState

pytestmark = pytest.mark.unit

URL = "https://cloudformation.us-east-1.amazonaws.com"
ACCOUNT = Account(EngineInfo("aws", "aws", "of today", URL, "us-east-1", "123456789012", "", ""))


def test_an_up_that_was_killed_right_after_the_yes_can_be_taken_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    state = StackState("x")
    state.create(Ownership("aws"))
    known.remember(state.folder, ACCOUNT, estimate({}, Variant("queued", {})))
    proof = Proof("floodgate-x", ())
    monkeypatch.setattr(account, "find", lambda *_: None)
    monkeypatch.setattr(account, "remove", lambda *_: proof)
    assert account.is_in_account("x")
    assert account.down("x", lambda *_: pytest.fail("asked"), print) is proof
    assert not state.folder.exists()
