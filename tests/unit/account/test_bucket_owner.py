"""The bucket for the code has a name that anybody can guess, and make first:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from harness.deploy.artifacts import Artifacts
from harness.engines.aws.account import Account
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, EnvironmentNotReadyError
from harness.stack.in_account import approval
from tests.unit.account.stubs import answering

pytestmark = pytest.mark.unit

INFO = EngineInfo(
    "aws",
    "aws",
    "of today",
    "https://cloudformation.us-east-1.amazonaws.com",
    "us-east-1",
    "123456789012",
    "",
    "",
)
BUCKET = "floodgate-artifacts-123456789012-us-east-1"
OWNED = {"Bucket": BUCKET, "ExpectedBucketOwner": "123456789012"}


@dataclass(frozen=True)
class Stubbed(Account):
    """An account whose clients are one that answers as recorded."""

    made: Any = None

    def client(self, service: str) -> Any:
        assert service == "s3"
        return self.made


@pytest.mark.parametrize("code", ["403", "AccessDenied"])
def test_a_bucket_of_another_account_is_refused_before_anything_is_asked(code: str) -> None:
    s3, stub = answering("s3", [])
    stub.add_client_error("head_bucket", service_error_code=code, expected_params=OWNED)
    with pytest.raises(EnvironmentNotReadyError, match=f"{BUCKET}.*another account"):
        approval._require_own_bucket(Stubbed(INFO, s3))


def test_a_bucket_of_ours_or_none_yet_is_fine() -> None:
    s3, stub = answering("s3", [("head_bucket", OWNED, {})])
    stub.add_client_error("head_bucket", service_error_code="404", expected_params=OWNED)
    for _ in range(2):
        approval._require_own_bucket(Stubbed(INFO, s3))
    stub.assert_no_pending_responses()


def test_code_is_put_into_a_bucket_of_the_account_only() -> None:
    s3, stub = answering("s3", [])
    key = "x/templates/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a.json"
    stub.add_client_error(
        "put_object",
        service_error_code="AccessDenied",
        expected_params={**OWNED, "Key": key, "Body": b"{}"},
    )
    with pytest.raises(AwsError, match="AccessDenied"):
        Artifacts(s3, INFO, "x").put_template("{}")
