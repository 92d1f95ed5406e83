"""The obvious way, for comparison: Locust users with paramiko, one session each, as fast as they can.

Used by `benchmarks/load_generator.py`, which tells it what to do in `FLOODGATE_BENCHMARK` (JSON).
"""

from __future__ import annotations

import json
import os
from io import BytesIO
from typing import Any, ClassVar

import gevent
import paramiko
from locust import User, task
from locust.exception import StopUser

TOLD: dict[str, Any] = json.loads(os.environ["FLOODGATE_BENCHMARK"])
BODY = bytes(TOLD["size_bytes"])


class Customer(User):  # type: ignore[misc]  # Locust has no types
    """Uploads one file after the other until all users together have uploaded enough."""

    begun: ClassVar[int] = 0
    ended: ClassVar[int] = 0
    number: ClassVar[int] = 0

    def on_start(self) -> None:
        Customer.number += 1
        self.login = TOLD["users"][Customer.number % len(TOLD["users"])]
        self.key = paramiko.Ed25519Key.from_private_key_file(self.login["private_key_file"])
        self.session: paramiko.SFTPClient | None = None

    @task  # type: ignore[untyped-decorator]
    def upload(self) -> None:
        if Customer.begun >= TOLD["files"]:
            raise StopUser
        Customer.begun += 1
        if self.session is None or TOLD["fresh_sessions"]:
            self.session = self.connect()
        self.session.putfo(BytesIO(BODY), f"/incoming/{Customer.begun}.csv", confirm=False)
        if TOLD["fresh_sessions"]:
            self.session.get_channel().get_transport().close()
        Customer.ended += 1
        if Customer.ended == TOLD["files"]:
            gevent.spawn(self.environment.runner.quit)

    def connect(self) -> paramiko.SFTPClient:
        transport = paramiko.Transport((TOLD["sftp"]["host"], TOLD["sftp"]["port"]))
        transport.connect(username=self.login["name"], pkey=self.key)
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        return client
