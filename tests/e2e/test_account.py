"""A capacity test in an account, from end to end; a stack of ours stands in for AWS and Transfer Family."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.floodgate import Floodgate, Result

pytestmark = pytest.mark.e2e


class Account:
    """The command line with credentials that lead to a stack of ours."""

    def __init__(self, stand_in: Floodgate, state_home: Path) -> None:
        described = stand_in.status("kept")
        self.floodgate = Floodgate(state_home)
        self.variables = {
            "AWS_ENDPOINT_URL": described["engine"]["endpoint_url"],
            "AWS_ENDPOINT_URL_TRANSFER": described["transfer"]["endpoint_url"],
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "FLOODGATE_AWS_ACCOUNTS": "000000000000",
        }

    def run(self, *arguments: str) -> Result:
        return self.floodgate.start(*arguments, **self.variables).finish()


@pytest.fixture
def account(kept: Floodgate, tmp_path: Path) -> Iterator[Account]:
    made = Account(kept, tmp_path / "state")
    made.floodgate.state_home.mkdir()
    yield made
    made.run("down", "--engine", "aws", "--name", "capacity", "--yes")


def test_a_run_through_transfer_family_is_shown_asked_for_settled_and_taken_away(
    account: Account, tmp_path: Path
) -> None:
    table = ("--parameter", "TableName=Capacity")
    run = ("run", "smoke", "--engine", "aws", "--name", "capacity", "--sftp-endpoint", "transfer", *table)

    refused = account.run(*run, "--out", str(tmp_path / "refused"))
    assert refused.code == 2
    assert "Transfer Family servers" in refused.err
    assert "THIS RUN: 20 files" in refused.err
    assert "--yes" in refused.err

    done = account.run(*run, "--yes", "--out", str(tmp_path / "report"))
    assert done.code == 0, done.err
    assert "All 20 uploaded files were delivered" in done.out
    summary = json.loads((tmp_path / "report" / "summary.json").read_text())
    assert any("20 files at USD" in note and "bills nothing" in note for note in summary["notes"])
    assert "the change set adds" in done.err
    assert "nothing of floodgate-capacity among" in done.err
    assert "no CloudFormation stack" in account.run("down", "--engine", "aws", "--name", "capacity").err
