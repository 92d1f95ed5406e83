"""Puts the hot path under one connection of asyncssh."""

from __future__ import annotations

import logging
from typing import Any

import asyncssh
from asyncssh.logging import SSHLogger

from harness.sftp.wire.backpressure import Backpressure
from harness.sftp.wire.receiving import Receiver
from harness.sftp.wire.sending import Sender, send_without_copies


class QuietLogger(SSHLogger):
    """Looks at the level before it puts a text together."""

    def log(self, level: int, msg: object, *args: Any, **kwargs: Any) -> None:
        if self.isEnabledFor(level):
            super().log(level, msg, *args, **kwargs)

    def debug1(self, msg: str, *args: Any, **kwargs: Any) -> None:
        if self.isEnabledFor(logging.DEBUG):
            super().debug1(msg, *args, **kwargs)


class Keepalive:
    """Asks a client that was not heard for the interval whether it is there, as asyncssh does; but what is
    heard only notes the time, where asyncssh makes a new timer.
    """

    def __init__(self, conn: Any) -> None:
        self._conn = conn
        self._heard_at = 0.0
        self._ask = conn._keepalive_timer_callback
        conn._reset_keepalive_timer = self._heard
        conn._keepalive_timer_callback = self._look

    def _heard(self) -> None:
        conn = self._conn
        self._heard_at = conn._loop.time()
        if conn._keepalive_timer is None and conn._auth_complete:
            conn._set_keepalive_timer()

    def _look(self) -> None:
        conn = self._conn
        rest_s = self._heard_at + conn._keepalive_interval - conn._loop.time()
        if rest_s > 0:
            conn._keepalive_timer = conn._loop.call_later(rest_s, self._look)
        else:
            self._ask()


class Wire:
    """What is in the place of asyncssh's own parts on one connection."""

    def __init__(self, conn: asyncssh.SSHServerConnection) -> None:
        """To be made in `connection_made`, before the client's first byte."""
        connection: Any = conn
        connection._logger = QuietLogger(conn._logger._logger, "", conn._logger._context)
        self._conn = conn
        self._backpressure = Backpressure(conn, conn._transport)
        self._sender = Sender(conn)
        self._receiver = Receiver(conn, self._backpressure)
        Keepalive(conn)
        self._use_keys = conn.send_newkeys
        connection.send_newkeys = self._send_newkeys
        connection.reload_config = _nothing_to_reload

    def add_channel(self, channel: Any) -> None:
        """To be called when a channel is there, before anything is written to it."""
        send_without_copies(channel, self._conn, self._backpressure)

    def _send_newkeys(self, k: bytes, h: bytes) -> None:
        """asyncssh itself sends what it held back during the key exchange, with its own new cipher; that
        one is wrapped afterwards, in the state that it has then.
        """
        self._sender.forget_keys()
        self._use_keys(k, h)
        self._sender.renewed_keys()
        self._receiver.renewed_keys()


async def _nothing_to_reload() -> None:
    """asyncssh builds all its options again for each user name, in case a configuration file says something
    of that user; there is none.
    """
