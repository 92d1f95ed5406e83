"""SFTP users and their keys."""

from __future__ import annotations

import stat
from pathlib import Path

import asyncssh
import pytest

from harness.exceptions import UsageError
from harness.stack.customers import create_customers, require_count

pytestmark = pytest.mark.unit


def test_customers_are_numbered_and_have_keys_of_their_own(tmp_path: Path) -> None:
    customers = create_customers(3, tmp_path / "keys")
    assert [customer.user.name for customer in customers] == [
        "customer-0001",
        "customer-0002",
        "customer-0003",
    ]
    assert len({customer.public_key for customer in customers}) == 3


def test_private_key_is_readable_by_its_user_alone_and_fits_the_public_one(tmp_path: Path) -> None:
    (customer,) = create_customers(1, tmp_path / "keys")
    path = Path(customer.user.private_key_file)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    key = asyncssh.read_private_key(path)
    assert key.get_algorithm() == "ssh-ed25519"
    assert key.export_public_key().decode().strip() == customer.public_key


@pytest.mark.parametrize("count", [0, -1, 10_001])
def test_impossible_numbers_of_customers_are_refused(count: int) -> None:
    with pytest.raises(UsageError, match="1 to 10000"):
        require_count(count)
