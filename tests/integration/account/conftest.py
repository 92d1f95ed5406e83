"""An account that LocalStack stands in for, by the credential chain that users have."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.aws import client
from harness.deploy import PipelineOptions
from harness.engines import process
from harness.engines.base import EngineInfo
from harness.stack import lifecycle
from harness.stack.description import StackDescription
from harness.stack.in_account.approval import Approve, Proposal
from harness.stack.state import known_names
from tests.integration.stack.conftest import SMALL

Up = Callable[..., StackDescription]


@pytest.fixture
def home(localstack: EngineInfo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """What a user's shell has who is allowed to use that account; gives the folder of states.

    Whatever the test leaves is taken away, and fails the test.
    """
    for name, value in (
        ("AWS_ENDPOINT_URL", localstack.endpoint_url),
        ("AWS_ACCESS_KEY_ID", localstack.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", localstack.secret_access_key),
        ("AWS_DEFAULT_REGION", localstack.region),
        ("AWS_CONFIG_FILE", str(tmp_path / "none")),
        ("XDG_CONFIG_HOME", str(tmp_path / "config")),
        ("XDG_STATE_HOME", str(tmp_path)),
        ("FLOODGATE_AWS_ACCOUNTS", localstack.account_id),
    ):
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_REGION", "FLOODGATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "floodgate"
    yield folder / "stacks"
    names = known_names()
    try:
        for each in names:
            lifecycle.down(each, print)
    finally:
        left = process.of_owner(folder)
        process.end_all([], folder, grace_s=0)
    assert not names
    assert not left


@pytest.fixture
def name() -> str:
    """Name of a stack that no other test has."""
    return f"acc-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def of_engine(localstack: EngineInfo) -> Callable[[str], Any]:
    """Make clients that look at the account from outside."""
    return partial(client, engine=localstack)


def yes(proposal: Proposal) -> bool:
    """Say yes to anything."""
    del proposal
    return True


def up(
    name: str,
    *,
    approve: Approve | None = yes,
    pipeline: PipelineOptions = SMALL,
    progress: Callable[[str], None] = print,
) -> StackDescription:
    """Bring a small stack up in the account."""
    return lifecycle.up(
        name, engine="aws", pipeline=pipeline, customers=1, approve=approve, progress=progress
    )


def everything(of_engine: Callable[[str], Any]) -> set[str]:
    """Name what is in the account, as far as a small stack makes such things, and the bucket of its code."""
    stacks = of_engine("cloudformation").list_stacks()["StackSummaries"]
    return {
        *(each["Name"] for each in of_engine("s3").list_buckets()["Buckets"]),
        *(each["RoleName"] for each in of_engine("iam").list_roles()["Roles"]),
        *(each["StackName"] for each in stacks if each["StackStatus"] != "DELETE_COMPLETE"),
    }
