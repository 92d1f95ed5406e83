"""Which endpoint for SFTP the template is asked for."""

from __future__ import annotations

import pytest

from harness.deploy import PipelineOptions
from harness.exceptions import UsageError
from harness.stack.in_account.approval import fitted
from harness.stack.sftp_options import SftpOptions

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("endpoint", "chosen", "found"),
    [
        ("stand-in", None, "none"),
        ("transfer", None, "public"),
        ("transfer", "vpc", "vpc"),
        ("stand-in", "public", "public"),
    ],
)
def test_a_server_is_made_if_one_was_asked_for(endpoint: str, chosen: str | None, found: str) -> None:
    options = PipelineOptions(parameters={"SftpEndpoint": chosen} if chosen else {})
    assert fitted(options, SftpOptions(endpoint=endpoint)).parameters["SftpEndpoint"] == found


def test_a_server_that_is_asked_for_and_not_made_is_refused_before_anything_is_created() -> None:
    options = PipelineOptions(parameters={"SftpEndpoint": "none"})
    with pytest.raises(UsageError, match="SftpEndpoint=none"):
        fitted(options, SftpOptions(endpoint="transfer"))
