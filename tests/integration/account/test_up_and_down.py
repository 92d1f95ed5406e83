"""`--engine aws` against LocalStack's CloudFormation: nothing before a yes, and nothing left afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.deploy import PipelineOptions
from harness.deploy.removal import find
from harness.engines.aws.allowed import VARIABLE
from harness.exceptions import DeployError, EnvironmentNotReadyError, UsageError
from harness.stack import account, clearing, lifecycle
from harness.stack.in_account import removal
from harness.stack.in_account.approval import Proposal
from tests.integration.account.conftest import everything, up

pytestmark = pytest.mark.integration
Clients = Callable[[str], Any]

FAILS = """
Resources:
  Source: {Type: AWS::S3::Bucket, DeletionPolicy: RetainExceptOnCreate}
  Destination: {Type: AWS::S3::Bucket}
  Wrong:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: no-such-function, EventSourceArn: "arn:aws:sqs:us-east-1:000000000000:none"}
Outputs:
  SourceBucket: {Value: !Ref Source}
  DestinationBucket: {Value: !Ref Destination}
"""


class Stopped(KeyboardInterrupt):
    """Ctrl-C at a line of the progress."""


def stopping_at(text: str, told: list[str]) -> Callable[[str], None]:
    """Return progress that is interrupted the first time that it tells a line with that text."""

    def progress(line: str) -> None:
        told.append(line)
        if text in line and sum(text in each for each in told) == 1:
            raise Stopped

    return progress


def test_up_is_shown_asked_and_tagged_and_down_proves_that_nothing_is_left(
    home: Path, name: str, of_engine: Clients
) -> None:
    before = everything(of_engine)
    asked: list[Proposal] = []

    def approve(proposal: Proposal) -> bool:
        assert everything(of_engine) == before, "something was created before the answer"
        asked.append(proposal)
        return True

    stack = up(name, approve=approve)
    assert (stack.engine.name, stack.engine.label) == ("aws", "aws")
    assert stack.engine.access_key_id == stack.engine.secret_access_key == ""
    shown = "\n".join(asked[0].lines())
    assert "NOT AWS itself" in shown
    assert "Estimate in USD" in shown
    made = find(of_engine, f"floodgate-{name}")
    assert made is not None
    assert made.tags["floodgate:stack"] == name, "CloudFormation of AWS, not LocalStack's, hands them on"
    assert "floodgate:stack" in str(of_engine("iam").list_role_tags(RoleName=f"floodgate-{name}-sftp"))
    of_engine("s3").put_object(Bucket=stack.buckets["source"], Key="c/x", Body=b"x")

    lines: list[str] = []
    proof = account.down(name, lambda *_: True, lines.append)
    assert proof is not None
    assert proof.is_complete
    assert everything(of_engine) == before
    assert not (home / name).exists()
    assert "nothing of floodgate-" in "\n".join(proof.lines())


@pytest.mark.parametrize("approve", [None, lambda _: False], ids=["nobody to ask", "no"])
def test_nothing_is_created_without_a_yes(home: Path, name: str, of_engine: Clients, approve: Any) -> None:
    before = everything(of_engine)
    with pytest.raises(UsageError):
        up(name, approve=approve)
    assert everything(of_engine) == before
    assert not (home / name).exists()


def test_an_account_that_is_not_allowed_is_refused_before_anything_is_asked(
    home: Path, name: str, of_engine: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(of_engine)
    monkeypatch.setenv(VARIABLE, "123456789012")
    with pytest.raises(EnvironmentNotReadyError, match="123456789012") as caught:
        up(name, approve=lambda _: pytest.fail("asked"))
    assert f"{VARIABLE}=000000000000" in str(caught.value.hint)
    assert everything(of_engine) == before
    assert not (home / name).exists()


def test_a_stack_that_fails_leaves_nothing_and_tells_the_reason(
    home: Path, name: str, of_engine: Clients, tmp_path: Path
) -> None:
    template = tmp_path / "fails.yaml"
    template.write_text(FAILS)
    before = everything(of_engine)
    with pytest.raises(DeployError, match="Wrong"):
        up(name, pipeline=PipelineOptions(template=template))
    assert everything(of_engine) == before
    assert not (home / name).exists()


@pytest.mark.parametrize("line", ["the change set adds", "SFTP: starting"])
def test_an_interrupted_up_takes_away_what_it_made(
    home: Path, name: str, of_engine: Clients, line: str
) -> None:
    before = everything(of_engine)
    told: list[str] = []
    with pytest.raises(Stopped):
        up(name, progress=stopping_at(line, told))
    assert everything(of_engine) == before
    assert not (home / name).exists()
    assert any("nothing of floodgate-" in each for each in told)


@pytest.mark.usefixtures("home")
def test_a_name_that_the_account_has_already_is_refused(name: str, of_engine: Clients) -> None:
    body = '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}'
    of_engine("cloudformation").create_stack(StackName=f"floodgate-{name}", TemplateBody=body)
    with pytest.raises(EnvironmentNotReadyError, match="already"):
        up(name)
    assert find(of_engine, f"floodgate-{name}") is not None
    of_engine("cloudformation").delete_stack(StackName=f"floodgate-{name}")


def test_a_removal_that_fails_says_what_stays_and_can_be_done_again(
    home: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    up(name)
    with monkeypatch.context() as broken:
        broken.setattr(removal, "_prove", _not_proven)
        told: list[str] = []
        with pytest.raises(DeployError):
            lifecycle.down(name, told.append)
    assert any(f"floodgate down --engine aws --name {name}" in line for line in told)
    assert (home / name).exists(), "it is what knows of the rest"
    proof = account.down(name, lambda *_: True, print)
    assert proof is not None
    assert proof.is_complete
    assert not (home / name).exists()


def _not_proven(*_: object) -> None:
    raise DeployError("still there")


def test_other_credentials_than_those_of_up_touch_nothing(
    home: Path, name: str, localstack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    up(name)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("AWS_ACCESS_KEY_ID", "111111111111")  # which LocalStack takes for that account's
        with pytest.raises(EnvironmentNotReadyError, match="account 111111111111"):
            account.down(name, lambda *_: pytest.fail("asked"), print)
        with pytest.raises(EnvironmentNotReadyError, match=f"account {localstack.account_id}"):
            lifecycle.down(name, print)
    assert (home / name).exists()
    assert account.down(name, lambda *_: True, print) is not None


def test_a_sweep_leaves_a_kept_stack_of_an_account_and_says_so(
    home: Path, name: str, of_engine: Clients
) -> None:
    stack = up(name)
    (home / name / "stack.json").rename(home / name / "lost.json")  # as if `up` had been killed
    told: list[str] = []
    assert clearing.sweep(told.append) == []
    assert any(f"floodgate down --name {name}" in line for line in told)
    of_engine("s3").head_bucket(Bucket=stack.buckets["source"])
    assert account.down(name, lambda *_: True, print) is not None


def test_a_run_on_a_kept_stack_is_asked_for_too(home: Path, name: str) -> None:
    from harness.run.options import RunOptions
    from harness.run.session import stack_for

    up(name)
    with pytest.raises(UsageError, match="asked"), stack_for(RunOptions("smoke", name=name), "r", 1, print):
        pytest.fail("began without a yes")
    asked: list[Proposal] = []

    def approve(proposal: Proposal) -> bool:
        asked.append(proposal)
        return True

    with stack_for(RunOptions("smoke", name=name, approve=approve), "r", 1, print) as session:
        assert session.description.name == name
    assert not asked[0].is_new
    assert account.down(name, lambda *_: True, print) is not None
    assert not (home / name).exists()
