"""The endpoint on a real port, in a thread of its own, and clients that are AWS's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from harness.transfer.api import Account, Control, TransferApi
from harness.transfer.api.endpoint import Limits
from harness.transfer.store import TransferStore

REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/sftp"
LIMITS = Limits(body_bytes=1024 * 1024, header_timeout_s=0.5, body_timeout_s=0.5, idle_timeout_s=30)


@dataclass(frozen=True)
class Endpoint:
    port: int
    store_file: Path
    store: TransferStore

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> Any:
        return boto3.client(
            "transfer",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="none",
            config=Config(retries={"total_max_attempts": 1}, proxies={}, parameter_validation=False),
        )


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    path = tmp_path_factory.mktemp("transfer") / "transfer.sqlite"
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def do(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    with TransferStore(path, writable=True) as store:
        api = TransferApi(Control(store, Account(REGION, "123456789012")), LIMITS)
        try:
            yield Endpoint(do(api.serve()), path, store)
        finally:
            do(api.close())
            loop.call_soon_threadsafe(loop.stop)
            thread.join(30)
            loop.close()


@pytest.fixture(scope="module")
def client(endpoint: Endpoint) -> Iterator[Any]:
    client = endpoint.client()
    yield client
    client.close()
