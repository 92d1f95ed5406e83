"""The HTTP side of the API: one POST for each operation, named by the header `X-Amz-Target`.

Survives what is not a request: bodies are bounded in size, every read in time, and a connection that says
nothing is closed. Errors have the form of the JSON 1.1 protocol.

https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import uuid
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from harness.exceptions import EnvironmentNotReadyError, PortInUseError
from harness.transfer.api.control import Control
from harness.transfer.api.errors import ApiError, internal, of_a_web_page, unknown_operation, unreadable
from harness.transfer.api.operations import perform
from harness.transfer.api.shapes import TARGET_PREFIX

CONTENT_TYPE = "application/x-amz-json-1.1"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """:param body_bytes: the largest body; the 2,100,000 bytes of mappings that a user may have fit in
    :param header_timeout_s: from the connection to the end of its first request's header
    :param body_timeout_s: for the rest of a request
    :param idle_timeout_s: from one answer to the end of the next request's header
    """

    body_bytes: int = 4 * 1024 * 1024
    header_timeout_s: float = 10.0
    body_timeout_s: float = 20.0
    idle_timeout_s: float = 60.0


class TransferApi:
    """The endpoint. Everything runs in the event loop that calls `serve`.

    :param control: the store and what else operations need
    """

    def __init__(self, control: Control, limits: Limits | None = None) -> None:
        self._control = control
        self._limits = limits or Limits()
        self._server: web.Server | None = None
        self._listener: asyncio.Server | None = None
        self._silent: dict[RequestHandler, asyncio.TimerHandle] = {}
        """Connections that owe the header of a request, with the timers that close them."""

    async def serve(
        self, host: str = "127.0.0.1", port: int = 0, *, listening: socket.socket | None = None
    ) -> int:
        """Listen, and return the port; 0 takes a free one.

        :param listening: a socket that listens already, in place of host and port
        :raises PortInUseError: the port is taken
        """
        server = web.Server(
            self._handle,
            keepalive_timeout=self._limits.idle_timeout_s,
            lingering_time=0,
            access_log=None,
        )
        address: dict[str, Any] = {"sock": listening} if listening else {"host": host, "port": port}
        try:
            self._listener = await asyncio.get_running_loop().create_server(
                lambda: self._guarded(server()), **address
            )
        except OSError as exc:
            raise PortInUseError(
                f"the Transfer API cannot listen on {host}:{port}: {exc}",
                hint="choose another port, or 0 for a free one",
            ) from exc
        self._server = server
        bound: int = self._listener.sockets[0].getsockname()[1]
        return bound

    async def close(self, grace_s: float = 2.0) -> None:
        """Take no more requests, and let those under way finish for a bounded time."""
        if self._listener is not None:
            self._listener.close()
        for timer in self._silent.values():
            timer.cancel()
        if self._server is not None:
            await self._server.shutdown(grace_s)

    def _guarded(self, handler: RequestHandler) -> RequestHandler:
        """Limit how long a new connection may say nothing."""
        self._expect_header(handler, self._limits.header_timeout_s)
        return handler

    def _expect_header(self, handler: RequestHandler, timeout_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._silent[handler] = loop.call_later(timeout_s, self._close_silent, handler)

    def _close_silent(self, handler: RequestHandler) -> None:
        del self._silent[handler]
        handler.force_close()

    def _heard(self, handler: RequestHandler) -> None:
        timer = self._silent.pop(handler, None)
        if timer is not None:
            timer.cancel()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self._heard(request.protocol)
        request_id = str(uuid.uuid4())
        try:
            answer = await self._answer(request)
        except ApiError as exc:
            response = _response(exc.status, exc.body())
        except EnvironmentNotReadyError as exc:
            _log.error("%s", exc.message)
            response = _response(500, internal("The store of the control plane cannot be used").body())
        except TimeoutError:
            response = _response(408, unreadable("The request did not arrive in time").body())
            response.force_close()
        else:
            response = _response(200, answer)
        response.headers["x-amzn-RequestId"] = request_id
        self._expect_header(request.protocol, self._limits.idle_timeout_s)
        return response

    async def _answer(self, request: web.BaseRequest) -> dict[str, Any]:
        if "Origin" in request.headers:
            raise of_a_web_page()
        if request.method != "POST" or request.path != "/":
            raise unknown_operation(status=404)
        prefix, _, name = request.headers.get("X-Amz-Target", "").partition(".")
        body = await self._body(request)
        if prefix != TARGET_PREFIX:
            raise unknown_operation()
        return await perform(self._control, name, _parsed(body))

    async def _body(self, request: web.BaseRequest) -> bytes:
        """:raises ApiError: the body is too large
        :raises TimeoutError: it takes too long
        """
        body = bytearray()
        async with asyncio.timeout(self._limits.body_timeout_s):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > self._limits.body_bytes:
                    message = f"The request has more than {self._limits.body_bytes} bytes"
                    raise ApiError("RequestEntityTooLargeException", message, status=413)
        return bytes(body)


def _parsed(body: bytes) -> Any:
    """Read the body's JSON; an empty body is an empty object.

    :raises ApiError: it is not JSON
    """
    if not body:
        return {}
    try:
        return json.loads(body.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError) as exc:
        raise unreadable("The body is not valid JSON") from exc


def _refuse(constant: str) -> None:
    """NaN and Infinity are Python's, not JSON's."""
    raise ValueError(constant)


def _response(status: int, answer: dict[str, Any]) -> web.Response:
    """An operation without output answers with an empty body, as AWS does."""
    body = json.dumps(answer).encode() if answer else b""
    return web.Response(status=status, body=body, content_type=CONTENT_TYPE)
