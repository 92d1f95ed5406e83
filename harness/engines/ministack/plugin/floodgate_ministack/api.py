"""The part of our plugin's API that MiniStack has, too: `/_floodgate/lambda`, the functions' environments."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from floodgate_ministack.functions import functions

PREFIX = "/_floodgate/"


def apply() -> None:
    """Stand before MiniStack's application."""
    module: Any = import_module("ministack.app")
    original = module.app

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        path = str(scope.get("path", ""))
        if scope["type"] == "http" and path.startswith(PREFIX):
            await _answer(path.removeprefix(PREFIX), send)
        else:
            await original(scope, receive, send)

    module.app = app


async def _answer(path: str, send: Any) -> None:
    found = path == "lambda"
    body = functions().counts() if found else {"message": f"MiniStack has no /_floodgate/{path}"}
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200 if found else 404, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
