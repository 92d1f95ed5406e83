"""Partitions that are not supported are refused before anything is asked, let alone created."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import botocore.session
import pytest

from harness.deploy.options import PipelineOptions
from harness.deploy.prepare import prepare
from harness.engines.aws.account import Account
from harness.engines.base import Capabilities, EngineInfo
from harness.exceptions import EnvironmentNotReadyError
from harness.stack.in_account import approval

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class OfRegion(Account):
    """An account whose clients reach nothing."""

    def client(self, service: str) -> Any:
        return botocore.session.get_session().create_client(
            service, region_name=self.region, aws_access_key_id="x", aws_secret_access_key="x"
        )


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_china_and_govcloud_are_refused(region: str, partition: str) -> None:
    url = f"https://cloudformation.{region}.amazonaws.com"
    account = OfRegion(EngineInfo("aws", "aws", "of today", url, region, "123456789012", "", ""))
    prepared = prepare(PipelineOptions(parameters={"SftpEndpoint": "none"}), Capabilities(), profile="aws")
    with pytest.raises(EnvironmentNotReadyError, match=f"partition {partition}") as caught:
        approval.propose(account, "floodgate-x", prepared, None)
    assert "AWS_REGION" in str(caught.value.hint)
