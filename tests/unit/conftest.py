"""Unit tests open no network sockets: one that tries fails, wherever it runs."""

from __future__ import annotations

import socket

import pytest


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    class NetworkInUnitTestError(AssertionError):
        pass

    def refuse(self: socket.socket, *_: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            raise NetworkInUnitTestError("a unit test opened a network socket: mark it integration")

    for name in ("connect", "connect_ex", "bind"):
        original = getattr(socket.socket, name)

        def guarded(self: socket.socket, *arguments: object, _original=original) -> object:
            refuse(self)
            return _original(self, *arguments)

        monkeypatch.setattr(socket.socket, name, guarded)
