"""One Transfer process for each module, with one server and one user."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from harness import aws
from harness.engines.base import EngineInfo
from tests.integration.transfer.supervisor.rig import Transfer

MakeTransfer = Callable[..., Transfer]


@dataclass(frozen=True)
class Served:
    """A Transfer process, and the server in it."""

    transfer: Transfer
    server_id: str


@pytest.fixture(scope="module")
def bucket(localstack: EngineInfo) -> str:
    name = f"transfer-{secrets.token_hex(6)}"
    aws.client("s3", localstack).create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="module")
def make_transfer(
    localstack: EngineInfo, bucket: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeTransfer]:
    """Start processes that end with the module, also when a test fails."""
    made: list[Transfer] = []

    def make(**overrides: object) -> Transfer:
        made.append(Transfer(tmp_path_factory.mktemp("transfer"), localstack, bucket, **overrides))  # type: ignore[arg-type]
        return made[-1].start()

    yield make
    for transfer in made:
        transfer.end()


@pytest.fixture(scope="module")
def served(make_transfer: MakeTransfer) -> Served:
    """Two workers, and time for sessions and uploads that are there."""
    transfer = make_transfer(workers=2)
    server_id = transfer.create_server()
    transfer.create_user(server_id)
    return Served(transfer, server_id)
