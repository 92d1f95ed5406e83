"""`down` of stacks in accounts of which this machine knows less, or more, than the account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.cost.estimate import estimate
from harness.cost.per_file import Variant
from harness.deploy.account.proof import Proof
from harness.deploy.record import DeploymentRecord
from harness.deploy.removal import FoundStack
from harness.engines.aws.account import Account
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError
from harness.stack import account
from harness.stack.in_account import known, removal
from harness.stack.state import Ownership, StackState
from tests.unit.stack.test_state import description

pytestmark = pytest.mark.unit

URL = "https://cloudformation.us-east-1.amazonaws.com"
ACCOUNT = Account(EngineInfo("aws", "aws", "of today", URL, "us-east-1", "123456789012", "", ""))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackState:
    """A stack that this machine knows of, and the account has none of that name."""
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    monkeypatch.setattr(account, "find", lambda *_: None)
    state = StackState("x")
    state.create(Ownership("aws"))
    known.remember(state.folder, ACCOUNT, estimate({}, Variant("queued", {})))
    return state


def test_an_up_that_was_killed_right_after_the_yes_can_be_taken_down(
    state: StackState, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = Proof("floodgate-x", ())
    monkeypatch.setattr(account, "remove", lambda *_: proof)
    assert account.is_in_account("x")
    assert account.down("x", lambda *_: pytest.fail("asked"), print) is proof
    assert not state.folder.exists()


def test_a_stack_that_was_removed_in_part_is_up_no_longer(
    state: StackState, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.publish(description("x"))
    monkeypatch.setattr(account, "remove", _refused)
    with pytest.raises(AwsError):
        account.down("x", lambda *_: pytest.fail("asked"), print)
    assert state.description() is None
    assert account.is_in_account("x")


def _refused(*_: object) -> None:
    raise AwsError("no", code="AccessDenied")


class Removal:
    """Notes what it is to remove beside a stack."""

    api_created: tuple[dict[str, Any], ...] = ()

    def __init__(self, *_: object) -> None:
        """Take client and progress."""

    def wait_until_made(self, _: FoundStack) -> None:
        """Wait for nothing."""

    def remove(self, _: FoundStack) -> list[Any]:
        return []

    def remove_api_created(self, record: DeploymentRecord) -> None:
        type(self).api_created = record.api_created

    def remove_artifacts(self, *_: object) -> None:
        """Remove nothing."""


def test_a_stack_that_another_machine_made_takes_its_role_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SFTP users' role came by the API, and CloudFormation knows nothing of it."""
    monkeypatch.setattr(removal, "Removal", Removal)
    monkeypatch.setattr(removal, "resources_of", lambda *_: [])
    monkeypatch.setattr(removal, "_prove", lambda *_: Proof("floodgate-x", ()))
    tags = {"floodgate:stack": "x", "floodgate:deployment": "0123"}
    found = FoundStack("arn:x", "floodgate-x", "CREATE_COMPLETE", tags)
    removal.remove(ACCOUNT, "floodgate-x", None, found, print)
    (role,) = Removal.api_created
    assert role == {"type": "AWS::IAM::Role", "name": "floodgate-x-sftp", "token": "0123"}
