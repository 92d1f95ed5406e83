"""Which endpoint for SFTP the template is asked for, and which options do not go with it."""

from __future__ import annotations

from typing import Any

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


@pytest.mark.parametrize(
    "of_ours", [{"partial_upload": "discard"}, {"workers": 2}, {"host": "0.0.0.0"}, {"port": 2222}]
)
def test_what_only_our_own_server_does_is_refused_with_one_of_awss(of_ours: dict[str, Any]) -> None:
    SftpOptions(**of_ours).validate()
    SftpOptions(endpoint="transfer").validate()
    with pytest.raises(UsageError, match="the server is AWS's"):
        SftpOptions(endpoint="transfer", **of_ours).validate()
