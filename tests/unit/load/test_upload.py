"""What an error means for a file."""

from __future__ import annotations

import asyncio
import errno

import asyncssh
import pytest

from harness.load.ledger_format import Event, Phase
from harness.load.upload import failure

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("exc", "cause"),
    [
        (asyncssh.PermissionDenied("no"), "PermissionDenied"),
        (asyncssh.HostKeyNotVerifiable("no"), "HostKeyNotVerifiable"),
        (asyncssh.SFTPPermissionDenied("no"), "SFTPPermissionDenied"),
        (asyncssh.SFTPNoSuchFile("no"), "SFTPNoSuchFile"),
        (asyncssh.ConnectionLost("gone"), "ConnectionLost"),
        (asyncssh.SFTPConnectionLost("gone"), "ConnectionLost"),
        (asyncssh.SFTPNoConnection("gone"), "ConnectionLost"),
        (ConnectionResetError(), "ConnectionLost"),
        (ConnectionRefusedError(), "ConnectionRefusedError"),
        (TimeoutError(), "Timeout"),
        (asyncio.CancelledError(), "Stopped"),
        (OSError(errno.EHOSTUNREACH, "no route"), "EHOSTUNREACH"),
    ],
)
def test_causes_are_short_and_name_the_reason(exc, cause):
    result = failure(Phase.OPEN, exc)
    assert result.cause == cause
    assert result.message
    assert result.phase is Phase.OPEN


@pytest.mark.parametrize(
    ("phase", "exc", "event"),
    [
        (Phase.CONNECT, ConnectionRefusedError(), Event.UPLOAD_FAILED),
        (Phase.CONNECT, TimeoutError(), Event.UPLOAD_FAILED),
        (Phase.OPEN, asyncssh.ConnectionLost("gone"), Event.UPLOAD_FAILED),
        (Phase.WRITE, asyncssh.SFTPFailure("disk full"), Event.UPLOAD_FAILED),
        (Phase.CLOSE, asyncssh.SFTPFailure("disk full"), Event.UPLOAD_FAILED),
        (Phase.WRITE, asyncssh.ConnectionLost("gone"), Event.ABORTED),
        (Phase.WRITE, asyncssh.SFTPConnectionLost("gone"), Event.ABORTED),
        (Phase.WRITE, TimeoutError(), Event.ABORTED),
        (Phase.CLOSE, asyncio.CancelledError(), Event.ABORTED),
    ],
)
def test_cut_off_after_opening_is_aborted_and_the_rest_failed(phase, exc, event):
    assert failure(phase, exc).event is event
