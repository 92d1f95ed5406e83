"""What all operations share: the store, the account, what is asked of others, and quotas."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from harness import clock
from harness.transfer.api.errors import unknown
from harness.transfer.model import IdentityTest, IdentityTestResult, Server, User
from harness.transfer.store import TransferStore


@dataclass(frozen=True)
class Account:
    """Whose servers these are, whatever region and account a request is signed for."""

    region: str = "us-east-1"
    account_id: str = "000000000000"
    partition: str = "aws"

    def arn(self, resource: str) -> str:
        return f"arn:{self.partition}:transfer:{self.region}:{self.account_id}:{resource}"


@dataclass(frozen=True)
class Quotas:
    """https://docs.aws.amazon.com/general/latest/gr/transfer-service.html"""

    servers: int = 50
    users_per_server: int = 10_000
    ssh_public_keys_per_user: int = 50
    host_keys_per_server: int = 10
    mappings_per_user: int = 2_000
    mappings_bytes: int = 2_100_000
    workflows: int = 10
    tags_per_resource: int = 50


def _nothing(_: str) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class Control:
    """:param on_change: called with the server's id after each write to it, its users or its host keys
    :param test_identity: asks a server's identity provider; None: `TestIdentityProvider` is not available
    :param log_group_exists: asked, in a thread, about the ARN of a log group; None: all are taken to exist
    :param settle_after_s: how long STARTING and STOPPING last; None: whoever gets `on_change` ends them
    :param overlapping_mappings: take mappings of which one lies inside another
    :param now: seconds since the epoch
    """

    store: TransferStore
    account: Account = field(default_factory=Account)
    quotas: Quotas = field(default_factory=Quotas)
    on_change: Callable[[str], None] = _nothing
    test_identity: Callable[[IdentityTest], Awaitable[IdentityTestResult]] | None = None
    log_group_exists: Callable[[str], bool] | None = None
    settle_after_s: float | None = 0.0
    overlapping_mappings: bool = False
    now: Callable[[], float] = clock.now

    def server(self, server_id: str) -> Server:
        """:raises ApiError: there is no such server"""
        server = self.store.server(server_id)
        if server is None:
            raise unknown("Server", server_id)
        return server

    def user(self, server_id: str, user_name: str) -> User:
        """:raises ApiError: there is no such server or no such user"""
        self.server(server_id)
        user = self.store.user(server_id, user_name)
        if user is None:
            raise unknown("User", user_name)
        return user

    def tag_list(self, arn: str) -> list[dict[str, str]]:
        """Return a resource's tags as the API shows them."""
        return [{"Key": key, "Value": value} for key, value in self.store.tags(arn).items()]


def new_id(prefix: str) -> str:
    """Return an id of AWS's form: the prefix and 17 hexadecimal digits."""
    return f"{prefix}-{secrets.token_hex(9)[:17]}"
