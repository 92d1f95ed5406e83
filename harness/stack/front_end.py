"""Starting the stand-in for Transfer Family of a stack: a process of its own, with workers for SFTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.engines.base import EngineInfo
from harness.stack import child, customer_role
from harness.stack.customers import Customer
from harness.stack.description import SftpEndpoint, TransferEndpoint
from harness.stack.sftp_options import SftpOptions
from harness.stack.state import StackState
from harness.stack.transfer_records import TransferRecords

ROLE = "sftp"
START_TIMEOUT_S = 60.0
DRAIN_TIMEOUT_S = 3.0
"""How long open uploads may go on after `down`: an engine of our own takes their bucket with it."""
STOP_GRACE_S = 2 * DRAIN_TIMEOUT_S + 12.0
"""Workers also take back unfinished parts and write their last log lines before they end; the workflows that
the last uploads start have as long as those had."""
_MIRROR_INTERVAL_S = 5.0
_PART_SIZE_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class FrontEnd:
    """What the Transfer process is told about the rest of the stack."""

    engine: EngineInfo
    bucket: str
    customers: Sequence[Customer]
    records: TransferRecords
    options: SftpOptions

    def start(
        self, state: StackState, *, timeout_s: float = START_TIMEOUT_S
    ) -> tuple[SftpEndpoint, TransferEndpoint]:
        """Start the process and wait until it listens; return where, for SFTP and for the Transfer API.

        :raises EngineStartError: it ended, or does not listen after `timeout_s`; with the end of its log
        :raises DeployError: a property of the template's server or user is not right
        :raises AwsError: the engine refuses the customers' role
        """
        server_id = self.records.main_server
        authorisation = self._fill_store(state, server_id)
        config = self._config(state, server_id, authorisation)
        name = "the SFTP server"
        ready = child.start(state, ROLE, "harness.transfer", config, name=name, timeout_s=timeout_s)
        told = ready["servers"][server_id]
        endpoint = SftpEndpoint(
            told["host"], told["port"], told["host_key_fingerprint"], server_id, self.options.workers
        )
        return endpoint, TransferEndpoint(ready["api"], authorisation)

    def _fill_store(self, state: StackState, server_id: str) -> str:
        """Make the store; return how operations are authorised."""
        authorisation = "iam"
        try:
            role_arn = customer_role.create(state, self.engine, bucket=self.bucket, server_id=server_id)
        except customer_role.NoIamError:
            authorisation, role_arn = "mapped", customer_role.arn(state, self.engine)
        policy = customer_role.session_policy(self.bucket)
        users = (
            self.records.customer(each, bucket=self.bucket, role_arn=role_arn, policy=policy)
            for each in self.customers
        )
        self.records.write(_store_file(state), users)
        return authorisation

    def _config(self, state: StackState, server_id: str, authorisation: str) -> dict[str, Any]:
        return {
            "engine": self.engine.to_json(),
            "store_file": str(_store_file(state)),
            "work_dir": str(state.folder / ROLE),
            "host": self.options.host,
            "advertise_host": self.options.advertise_host,
            "ports": {server_id: self.options.port},
            "api_port": self.options.api_port,
            "workers": self.options.workers,
            "worker": {
                "part_size_bytes": _PART_SIZE_BYTES,
                "partial_upload": self.options.partial_upload,
                "authorisation": authorisation,
                "uploads_file": str(state.folder / "uploads.jsonl"),
            },
            "main_server": server_id,
            "mirror_interval_s": _MIRROR_INTERVAL_S if self.engine.mode == "url" else None,
            "drain_timeout_s": DRAIN_TIMEOUT_S,
            "ready_file": str(child.ready_file(state, ROLE)),
        }


def differences(transfer: TransferEndpoint) -> list[str]:
    """Return what differs from AWS for what the engine lacks, as sentences."""
    if transfer.authorisation == "iam":
        return []
    return ["the engine has no IAM: users may do all that their home reaches, whatever their policies say"]


def _store_file(state: StackState) -> Path:
    return state.folder / "transfer.sqlite"
