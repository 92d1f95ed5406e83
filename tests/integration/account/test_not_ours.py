"""`--engine aws` leaves alone what is not its own: of other owners, machines, deployments and Regions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.deploy.record import STACK_TAG, TOKEN_TAG
from harness.deploy.removal import find
from harness.engines.aws.allowed import VARIABLE
from harness.exceptions import DeployError, EnvironmentNotReadyError, StackNotFoundError
from harness.stack import account
from tests.integration.account.conftest import everything, up

pytestmark = pytest.mark.integration
Clients = Callable[[str], Any]
TRUST = '{"Version": "2012-10-17", "Statement": []}'
QUEUE = '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}'


def make_elsewhere(of_engine: Clients, name: str) -> None:
    """Make a stack as another machine would have done."""
    tags = {STACK_TAG: name, TOKEN_TAG: "another"}
    cloudformation = of_engine("cloudformation")
    cloudformation.create_stack(
        StackName=f"floodgate-{name}",
        TemplateBody=QUEUE,
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=f"floodgate-{name}", WaiterConfig={"Delay": 1}
    )


def test_a_role_of_that_name_is_neither_taken_nor_changed(home: Path, name: str, of_engine: Clients) -> None:
    role = f"floodgate-{name}-sftp"
    of_engine("iam").create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    before = everything(of_engine)
    with pytest.raises(EnvironmentNotReadyError, match=role):
        up(name, approve=lambda _: pytest.fail("asked"))
    assert everything(of_engine) == before
    assert of_engine("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"] == []
    of_engine("iam").delete_role(RoleName=role)
    assert not (home / name).exists()


@pytest.mark.usefixtures("home")
def test_a_stack_of_another_machine_goes_only_from_an_account_that_is_allowed(
    name: str, of_engine: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_elsewhere(of_engine, name)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv(VARIABLE, "123456789012")
        with pytest.raises(EnvironmentNotReadyError, match="create or delete"):
            account.down(name, lambda *_: pytest.fail("asked"), print)
    assert find(of_engine, f"floodgate-{name}") is not None
    of_engine("iam").create_role(
        RoleName=f"floodgate-{name}-sftp",
        AssumeRolePolicyDocument=TRUST,
        Tags=[{"Key": TOKEN_TAG, "Value": "another"}],
    )
    proof = account.down(name, lambda *_: True, print)
    assert proof is not None
    assert proof.is_complete


def test_a_stack_that_took_the_place_of_ours_is_left_alone(home: Path, name: str, of_engine: Clients) -> None:
    up(name)
    of_engine("cloudformation").delete_stack(StackName=f"floodgate-{name}")
    make_elsewhere(of_engine, name)
    told: list[str] = []
    proof = account.down(name, lambda *_: pytest.fail("asked"), told.append)
    assert proof is not None
    assert any("left alone" in line for line in told)
    assert not (home / name).exists()
    assert find(of_engine, f"floodgate-{name}") is not None
    iam = of_engine("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=f"floodgate-{name}-sftp")
    assert account.down(name, lambda *_: True, print) is not None


@pytest.mark.usefixtures("home")
def test_what_is_left_of_a_stack_that_nobody_knows_any_more_is_told(name: str, of_engine: Clients) -> None:
    bucket = f"floodgate-{name}-source"
    of_engine("s3").create_bucket(Bucket=bucket)
    told: list[str] = []
    with pytest.raises(DeployError, match="1 things"):
        account.down(name, lambda *_: pytest.fail("asked"), told.append)
    assert f"AWS: STILL THERE: buckets: {bucket}" in told
    of_engine("s3").delete_bucket(Bucket=bucket)
    with pytest.raises(StackNotFoundError, match="no CloudFormation stack"):
        account.down(name, lambda *_: pytest.fail("asked"), print)
