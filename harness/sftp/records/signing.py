"""Signature Version 4 of a POST with a body, for the headers that JSON APIs need.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
botocore's own takes ten times as long, most of it for requests of other kinds.
"""

from __future__ import annotations

import hashlib
import hmac
import time

from harness.engines.base import EngineInfo

_SIGNED = "content-type;host;x-amz-date;x-amz-target"


class Signer:
    """Signs for one service of one engine."""

    def __init__(self, engine: EngineInfo, service: str, host: str) -> None:
        self._engine = engine
        self._service = service
        self._host = host
        self._day = ""
        self._key = b""

    def headers(self, target: str, content_type: str, body: bytes, at: float) -> dict[str, str]:
        """Return what the request must have; `at` is in seconds since the epoch."""
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        canonical = (
            f"POST\n/\n\ncontent-type:{content_type}\nhost:{self._host}\nx-amz-date:{date}\n"
            f"x-amz-target:{target}\n\n{_SIGNED}\n{hashlib.sha256(body).hexdigest()}"
        )
        scope = f"{date[:8]}/{self._engine.region}/{self._service}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}"
        signature = _mac(self._key_of(date[:8]), text).hex()
        return {
            "Host": self._host,
            "Content-Type": content_type,
            "X-Amz-Date": date,
            "X-Amz-Target": target,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={self._engine.access_key_id}/{scope}, "
            f"SignedHeaders={_SIGNED}, Signature={signature}",
        }

    def _key_of(self, day: str) -> bytes:
        """The key is good for a day."""
        if day != self._day:
            key = f"AWS4{self._engine.secret_access_key}".encode()
            for part in (day, self._engine.region, self._service, "aws4_request"):
                key = _mac(key, part)
            self._day, self._key = day, key
        return self._key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
