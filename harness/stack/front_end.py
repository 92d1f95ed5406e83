"""Starting the SFTP front end of a stack as a process of its own."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.engines.base import EngineInfo
from harness.stack import child
from harness.stack.customers import Customer
from harness.stack.description import SftpEndpoint
from harness.stack.state import StackState

ROLE = "sftp"
START_TIMEOUT_S = 60.0
DRAIN_TIMEOUT_S = 3.0
"""How long open uploads may go on after `down`: an engine of our own takes their bucket with it."""
STOP_GRACE_S = DRAIN_TIMEOUT_S + 10.0
"""The front end also takes back unfinished parts and writes its last log lines before it ends."""
_POLL_S = 0.02
_PART_SIZE_BYTES = 8 * 1024 * 1024
_PASSED_THROUGH = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class FrontEnd:
    """What the SFTP process is told about the rest of the stack."""

    engine: EngineInfo
    bucket: str
    log_group: str | None
    customers: list[Customer]
    host: str = "127.0.0.1"
    port: int = 0

    def start(self, state: StackState, *, timeout_s: float = START_TIMEOUT_S) -> SftpEndpoint:
        """Start the process and wait until it listens.

        :raises EngineStartError: it ended, or does not listen after `timeout_s`; with the end of its log
        """
        server_id = f"s-{secrets.token_hex(9)[:17]}"
        config = self._config(state, server_id, child.ready_file(state, ROLE))
        ready = child.start(state, ROLE, "harness.sftp", config, name="the SFTP server", timeout_s=timeout_s)
        return SftpEndpoint(ready["host"], ready["port"], ready["host_key_fingerprint"], server_id)

    def _config(self, state: StackState, server_id: str, ready_file: Path) -> dict[str, Any]:
        role_arn = f"arn:aws:iam::{self.engine.account_id}:role/floodgate-{state.name}-sftp"
        return {
            "host": self.host,
            "port": self.port,
            "host_key_file": str(state.keys_dir / "ssh_host_ed25519_key"),
            "server_id": server_id,
            "engine": self.engine.to_json(),
            "log_group": self.log_group,
            "users": [c.to_transfer_user(bucket=self.bucket, role_arn=role_arn) for c in self.customers],
            "part_size_bytes": _PART_SIZE_BYTES,
            "partial_upload": "discard",
            "drain_timeout_s": DRAIN_TIMEOUT_S,
            "uploads_file": str(state.folder / "uploads.jsonl"),
            "ready_file": str(ready_file),
        }
