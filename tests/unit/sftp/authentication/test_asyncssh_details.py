"""What logging in relies on inside asyncssh: these fail when a new version has changed it."""

from __future__ import annotations

import inspect

import pytest
from asyncssh import auth
from asyncssh.connection import SSHConnection, SSHServerConnection

pytestmark = pytest.mark.unit


def _parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_each_request_passes_here() -> None:
    assert _parameters(SSHConnection._finish_userauth) == ["self", "begin_auth", "method", "packet"]
    assert "self._finish_userauth(" in inspect.getsource(SSHConnection._process_userauth_request)


def test_each_success_passes_here() -> None:
    assert _parameters(SSHConnection.send_userauth_success) == ["self"]
    assert "self._conn.send_userauth_success()" in inspect.getsource(auth.ServerAuth.send_success)
    assert _parameters(SSHConnection.send_userauth_failure) == ["self", "partial_success"]


@pytest.mark.parametrize("handler", [auth._ServerPublicKeyAuth, auth._ServerPasswordAuth])
def test_a_success_follows_its_check_at_once(handler: type[auth.ServerAuth]) -> None:
    """So the key or password that was checked last is the one that has succeeded."""
    source = inspect.getsource(handler._start)
    assert source.count("await self.send_success()") == 1
    assert "await self._conn.validate_" in source


def test_each_signature_passes_here() -> None:
    assert _parameters(SSHServerConnection.validate_public_key) == [
        "self",
        "username",
        "key_data",
        "msg",
        "signature",
    ]
    assert "self._sig_algs" in inspect.getsource(SSHConnection.__init__)


def test_a_new_name_is_told() -> None:
    source = inspect.getsource(SSHConnection._process_userauth_request)
    assert "if username != self._username" in source
    assert "begin_auth(self._username)" in inspect.getsource(SSHConnection._finish_userauth)
