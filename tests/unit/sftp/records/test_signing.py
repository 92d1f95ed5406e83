"""Our signature against botocore's."""

from __future__ import annotations

import calendar
import time

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from harness import aws
from harness.engines.base import EngineInfo
from harness.sftp.records.signing import Signer

pytestmark = pytest.mark.unit

ENGINE = EngineInfo("x", "x", "x", "http://127.0.0.1:4566", "eu-central-1", "1", "AKIDEXAMPLE", "secret")
TYPE = "application/x-amz-json-1.1"


def _botocores(target: str, body: bytes, token: str | None = None) -> dict[str, str]:
    headers = {"Content-Type": TYPE, "X-Amz-Target": target}
    request = AWSRequest("POST", f"{ENGINE.endpoint_url}/", headers, body)
    credentials = Credentials(ENGINE.access_key_id, ENGINE.secret_access_key, token)
    SigV4Auth(credentials, "events", ENGINE.region).add_auth(request)
    return dict(request.headers.items())


@pytest.mark.parametrize("body", [b"{}", '{"a":"ü"}'.encode(), b""])
def test_it_is_botocores_signature(body: bytes) -> None:
    expected = _botocores("AWSEvents.PutEvents", body)
    at = calendar.timegm(time.strptime(expected["X-Amz-Date"], "%Y%m%dT%H%M%SZ"))
    signer = Signer(ENGINE, "events", "127.0.0.1:4566")
    headers = signer.headers("AWSEvents.PutEvents", TYPE, body, at)
    assert headers["Authorization"] == expected["Authorization"]
    assert headers["X-Amz-Date"] == expected["X-Amz-Date"]


def test_keys_of_a_role_come_with_a_token_that_is_signed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a real account, where the keys change while a server runs."""
    keys = [aws.AccessKeys("AKIDEXAMPLE", "secret", "token"), aws.AccessKeys("AKIDEXAMPLE", "other", "token")]
    monkeypatch.setattr(aws, "credentials", lambda _: keys[0])
    expected = _botocores("AWSEvents.PutEvents", b"{}", "token")
    at = calendar.timegm(time.strptime(expected["X-Amz-Date"], "%Y%m%dT%H%M%SZ"))
    signer = Signer(ENGINE, "events", "127.0.0.1:4566")
    headers = signer.headers("AWSEvents.PutEvents", TYPE, b"{}", at)
    assert headers["Authorization"] == expected["Authorization"]
    assert headers["X-Amz-Security-Token"] == "token"
    del keys[0]
    renewed = signer.headers("AWSEvents.PutEvents", TYPE, b"{}", at)
    assert renewed["Authorization"] != expected["Authorization"]


def test_the_key_changes_with_the_day() -> None:
    signer = Signer(ENGINE, "events", "host")
    first, second = (signer.headers("t", TYPE, b"", at)["Authorization"] for at in (0, 86_400))
    again = Signer(ENGINE, "events", "host").headers("t", TYPE, b"", 86_400)["Authorization"]
    assert first != second == again
