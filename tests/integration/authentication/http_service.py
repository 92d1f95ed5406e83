"""An HTTP identity provider in the place of API Gateway: keeps what it is sent, and checks signatures."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

Answer = tuple[int, Any]


@dataclass
class Seen:
    path: str
    headers: Message


class HttpService:
    """Answers what `answer` says, on a free port."""

    def __init__(self) -> None:
        self.answer: Answer = (200, {})
        self.headers: dict[str, str] = {}
        self.seen: list[Seen] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.seen.append(Seen(self.path, self.headers))
                status, body = service.answer
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **service.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Nothing on standard error."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/prod"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> HttpService:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


def signature_is_right(seen: Seen, base: str, credentials: Credentials, region: str) -> bool:
    """Sign the request once more, as its time stamp and its list of signed headers say."""
    authorization = seen.headers["Authorization"]
    signed = authorization.split("SignedHeaders=")[1].split(",")[0].split(";")
    request = AWSRequest("GET", base + seen.path, headers={name: seen.headers[name] for name in signed})
    request.context["timestamp"] = seen.headers["X-Amz-Date"]
    signer = SigV4Auth(credentials, "execute-api", region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return authorization.endswith(signer.signature(text, request))
