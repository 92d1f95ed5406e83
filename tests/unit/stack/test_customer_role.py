"""The customers' role, on engines with and without IAM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.deploy.record import DeploymentRecord
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError
from harness.stack import customer_role, front_end
from harness.stack.description import TransferEndpoint
from harness.stack.state import StackState

pytestmark = pytest.mark.unit

ENGINE = EngineInfo("url", "url", "1", "http://127.0.0.1:1")


class AlreadyExistsError(Exception):
    """Never raised here."""


class Iam:
    """Answers every call with one error, or takes it."""

    class exceptions:  # noqa: N801  (as boto3 has it)
        EntityAlreadyExistsException = AlreadyExistsError

    def __init__(self, code: str | None) -> None:
        self._code = code
        self.roles: list[str] = []

    def create_role(self, **given: Any) -> None:
        if self._code is not None:
            raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "CreateRole")
        self.roles.append(given["RoleName"])

    def put_role_policy(self, **given: Any) -> None:
        assert given["RoleName"] in self.roles


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackState:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    made = StackState("demo")
    made.deploy_dir.mkdir(parents=True)
    DeploymentRecord("floodgate-demo").write(made.deploy_dir)
    return made


def create(state: StackState, monkeypatch: pytest.MonkeyPatch, code: str | None) -> str:
    monkeypatch.setattr(customer_role, "client", lambda *_: Iam(code))
    return customer_role.create(state, ENGINE, bucket="incoming", server_id="s-1")


def noted(state: StackState) -> str:
    return "".join(file.read_text() for file in state.deploy_dir.iterdir())


def test_the_role_is_noted_for_its_removal(state: StackState, monkeypatch: pytest.MonkeyPatch) -> None:
    assert create(state, monkeypatch, None) == customer_role.arn(state, ENGINE)
    assert "floodgate-demo-sftp" in noted(state)


@pytest.mark.parametrize("code", ["501", "InternalFailure", "NotImplemented", "UnknownOperationException"])
def test_an_engine_without_iam_gets_no_role_and_nothing_to_remove(
    code: str, state: StackState, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(customer_role.NoIamError):
        create(state, monkeypatch, code)
    assert "floodgate-demo-sftp" not in noted(state)


def test_an_iam_that_refuses_is_an_error(state: StackState, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AwsError, match="AccessDenied"):
        create(state, monkeypatch, "AccessDenied")


def test_without_iam_the_stack_says_that_policies_do_not_count() -> None:
    assert front_end.differences(TransferEndpoint("http://127.0.0.1:1")) == []
    (told,) = front_end.differences(TransferEndpoint("http://127.0.0.1:1", "mapped"))
    assert "no IAM" in told
