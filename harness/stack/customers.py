"""The SFTP users of a stack: `customer-0001` and so on, each with a key and a home of its own.

A user's home is `/`, which stands for `/<source bucket>/<user name>`: Transfer Family's LOGICAL mapping. So
the first part of each object's key is the customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.exceptions import UsageError
from harness.stack.description import SftpUser
from harness.stack.keys import create_key_pair

MAX_CUSTOMERS = 10_000
"""Transfer Family's quota of service-managed users per server."""


@dataclass(frozen=True)
class Customer:
    """One SFTP user, as clients and as the SFTP process know it."""

    user: SftpUser
    public_key: str


def require_count(count: int) -> None:
    """Raise `UsageError` unless that many customers can be made."""
    if not 1 <= count <= MAX_CUSTOMERS:
        raise UsageError(f"a stack has 1 to {MAX_CUSTOMERS} customers, not {count}")


def create_customers(count: int, keys_dir: Path) -> list[Customer]:
    """Make `count` customers with new keys."""
    keys_dir.mkdir(mode=0o700)
    return [_create(f"customer-{number:04d}", keys_dir) for number in range(1, count + 1)]


def _create(name: str, keys_dir: Path) -> Customer:
    private_key_file, public_key = create_key_pair(keys_dir, name)
    return Customer(SftpUser(name, str(private_key_file)), public_key)
