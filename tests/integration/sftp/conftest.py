"""One front end per test module, on a bucket of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import aws
from harness.engines.base import EngineInfo
from tests.integration.sftp.front_end import FrontEnd
from tests.integration.sftp.in_memory import InMemory

MakeFrontEnd = Callable[..., FrontEnd]
MakeInMemory = Callable[..., InMemory]


@pytest.fixture(scope="session")
def s3(localstack: EngineInfo) -> Any:
    return aws.client("s3", localstack)


@pytest.fixture(scope="module")
def bucket(s3: Any) -> str:
    name = f"sftp-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture(scope="module")
def make_front_end(
    localstack: EngineInfo, bucket: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeFrontEnd]:
    """Start servers that end with the module, also when a test fails."""
    started: list[FrontEnd] = []

    def make(**overrides: Any) -> FrontEnd:
        front_end = FrontEnd(tmp_path_factory.mktemp("front-end"), localstack, bucket, **overrides)
        started.append(front_end)
        return front_end.start()

    yield make
    for front_end in started:
        if front_end.process is not None:
            front_end.process.kill()
            front_end.process.wait()


@pytest.fixture(scope="module")
def front_end(make_front_end: MakeFrontEnd) -> FrontEnd:
    return make_front_end()


@pytest.fixture(scope="module")
def make_in_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeInMemory]:
    """Start servers without an engine; they end with the module."""
    started: list[InMemory] = []

    def make(**settings: Any) -> InMemory:
        own = {name: settings.pop(name) for name in ("storage", "path_homes", "mappings") if name in settings}
        server = InMemory(tmp_path_factory.mktemp("in-memory"), settings, **own)
        started.append(server)
        return server.start()

    yield make
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def in_memory(make_in_memory: MakeInMemory) -> InMemory:
    return make_in_memory()


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The client's own folder."""
    return tmp_path
