"""Signature Version 4 of a POST with a body, for the headers that JSON APIs need.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
botocore's own takes ten times as long, most of it for requests of other kinds.
"""

from __future__ import annotations

import hashlib
import hmac
import time

from harness import aws
from harness.engines.base import EngineInfo

_TOKEN = "X-Amz-Security-Token"  # noqa: S105  (a header's name)


class Signer:
    """Signs for one service of one engine."""

    def __init__(self, engine: EngineInfo, service: str, host: str) -> None:
        self._engine = engine
        self._service = service
        self._host = host
        self._made_for = ("", "")
        self._key = b""

    def headers(self, target: str, content_type: str, body: bytes, at: float) -> dict[str, str]:
        """Return what the request must have; `at` is in seconds since the epoch."""
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        access_key, secret_key, token = aws.credentials(self._engine)
        headers = {"Content-Type": content_type, "Host": self._host, "X-Amz-Date": date}
        headers |= {_TOKEN: token} if token else {}
        headers["X-Amz-Target"] = target
        signed = ";".join(headers).lower()
        lines = "".join(f"{name.lower()}:{value}\n" for name, value in headers.items())
        canonical = f"POST\n/\n\n{lines}\n{signed}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{date[:8]}/{self._engine.region}/{self._service}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}"
        signature = _mac(self._key_of(date[:8], secret_key), text).hex()
        return {
            **headers,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, "
            f"SignedHeaders={signed}, Signature={signature}",
        }

    def _key_of(self, day: str, secret_key: str) -> bytes:
        """The key is good for a day, and for as long as the secret is."""
        if (day, secret_key) != self._made_for:
            key = f"AWS4{secret_key}".encode()
            for part in (day, self._engine.region, self._service, "aws4_request"):
                key = _mac(key, part)
            self._made_for, self._key = (day, secret_key), key
        return self._key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
