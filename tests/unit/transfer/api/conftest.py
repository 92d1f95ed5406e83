"""The API's operations without HTTP, on a store of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from harness.transfer.api.control import Account, Control
from harness.transfer.api.errors import ApiError
from harness.transfer.api.operations import perform
from harness.transfer.store import TransferStore

ROLE = "arn:aws:iam::123456789012:role/sftp"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:idp"
URL = "https://abc.execute-api.eu-west-1.amazonaws.com/prod"
NOW = 1_700_000_000.0


class Api:
    """Calls operations by name, as a client does."""

    def __init__(self, control: Control) -> None:
        self.control = control

    def __call__(self, operation: str, **request: Any) -> dict[str, Any]:
        return asyncio.run(perform(self.control, operation, request))

    def refused(self, operation: str, **request: Any) -> ApiError:
        """Return the error of a request that must fail."""
        with pytest.raises(ApiError) as caught:
            self(operation, **request)
        return caught.value

    def server(self, **request: Any) -> str:
        server_id: str = self("CreateServer", **request)["ServerId"]
        return server_id

    def user(self, server_id: str, name: str = "alice", **request: Any) -> None:
        self("CreateUser", **{"ServerId": server_id, "UserName": name, "Role": ROLE, **request})


@pytest.fixture
def changes() -> list[str]:
    """Ids that `on_change` was called with."""
    return []


@pytest.fixture
def control(tmp_path: Path, changes: list[str]) -> Iterator[Control]:
    with TransferStore(tmp_path / "transfer.sqlite", writable=True) as store:
        account = Account("eu-west-1", "123456789012")
        yield Control(store, account, on_change=changes.append, now=lambda: NOW)


@pytest.fixture
def api(control: Control) -> Api:
    return Api(control)


def public_key(kind: str = "ssh-ed25519", comment: str = "", **how: Any) -> str:
    """Return a new key's line."""
    key = asyncssh.generate_private_key(kind, **how)
    line = key.export_public_key().decode().strip()
    return f"{line} {comment}".strip()


def private_key(kind: str = "ssh-ed25519", **how: Any) -> str:
    return asyncssh.generate_private_key(kind, **how).export_private_key("openssh").decode()
