"""The configuration file of the SFTP process, checked whole before anything is started.

Field names of users and mappings are those of AWS Transfer's API (`CreateUser`). With `store_file`, users and
settings of the server come from the control plane's store instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import asyncssh
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from harness.engines.base import EngineInfo
from harness.programs import read_config
from harness.sftp.identity import is_login_name
from harness.transfer.model import IdentityProvider, ProviderType, WorkflowTriggers
from harness.transfer.policies import SECURITY_POLICIES

MIB = 1024 * 1024
MIN_PART_SIZE_BYTES = 5 * MIB
"""S3 refuses smaller parts, except the last:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""
MAX_PUBLIC_KEY_CHARS = 2048


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HomeMapping(_Strict):
    """`Entry` is what the client sees, `Target` is `/bucket/prefix`."""

    Entry: Annotated[str, Field(max_length=1024, pattern=r"^/")]
    Target: Annotated[str, Field(max_length=1024, pattern=r"^/[^/]")]
    Type: Literal["DIRECTORY", "FILE"] = "DIRECTORY"

    @field_validator("Entry", "Target")
    @classmethod
    def _plain_path(cls, path: str) -> str:
        if path == "/":
            return path
        if path.endswith("/") or any(part in ("", ".", "..") for part in path[1:].split("/")):
            raise ValueError("must be a plain absolute path without a slash at its end")
        return path


class UserConfig(_Strict):
    """One service-managed user."""

    name: str
    role_arn: str
    public_keys: Annotated[list[str], Field(min_length=1, max_length=50)]
    home_directory_type: Literal["LOGICAL"] = "LOGICAL"
    home_directory_mappings: Annotated[list[HomeMapping], Field(min_length=1, max_length=2000)]

    @field_validator("name")
    @classmethod
    def _login_name(cls, name: str) -> str:
        if not is_login_name(name):
            raise ValueError(
                "user names have 3 to 100 of the characters A-Z a-z 0-9 _ @ . - and are not `root`"
            )
        return name

    @field_validator("public_keys")
    @classmethod
    def _readable_keys(cls, keys: list[str]) -> list[str]:
        for key in keys:
            if len(key) > MAX_PUBLIC_KEY_CHARS:
                raise ValueError(f"a public key is longer than {MAX_PUBLIC_KEY_CHARS} characters")
            try:
                asyncssh.import_public_key(key)
            except asyncssh.KeyImportError as exc:
                raise ValueError(f"not an OpenSSH public key: {key[:40]!r} ({exc})") from exc
        return keys

    @model_validator(mode="after")
    def _entries_differ(self) -> UserConfig:
        entries = [mapping.Entry for mapping in self.home_directory_mappings]
        if len(set(entries)) != len(entries):
            raise ValueError("two mappings have the same Entry")
        return self


class SftpConfig(_Strict):
    """Everything that `python -m harness.sftp` needs to know."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """0 takes a free port; the ready file tells which."""
    listen_fd: Annotated[int, Field(ge=3)] | None = None
    """An inherited socket, in place of `host` and `port`: the workers of one server share it."""
    worker: Annotated[int, Field(ge=1)] = 1
    """Which of its server's workers this is, counted from 1."""
    store_file: Path | None = None
    """The control plane's records. Users then come from there, and what the server's record says goes before
    what is said here."""
    host_key_file: Path
    """Made (ed25519) when it does not exist, so that clients know the server again after a restart."""
    server_id: Annotated[str, Field(pattern=r"^s-[0-9a-f]{17}$")]
    engine: EngineInfo
    log_group: str | None = None
    """CloudWatch log group of the session log; `None` keeps it on standard output only."""
    log_interval_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    """How long session log lines are gathered before they are sent: fewer calls against fresher logs."""
    logging_role: str | None = None
    """When set, text lines go to the log group `/aws/transfer/<server-id>`, too."""
    metrics_interval_s: Annotated[float, Field(gt=0, le=3600)] = 300.0
    workflow_details: WorkflowTriggers | None = None
    """What runs after uploads; needs `workflow_triggers_file`."""
    workflow_triggers_file: Path | None = None
    """Gets a line for each workflow that must be run; the control plane reads it."""
    users: list[UserConfig] = []
    identity_provider_type: ProviderType = "SERVICE_MANAGED"
    """With another one, `users` are nobody, and `identity_provider_details` tells who is asked."""
    identity_provider_details: IdentityProvider | None = None
    part_size_bytes: Annotated[int, Field(ge=MIN_PART_SIZE_BYTES, le=512 * MIB)] = 8 * MIB
    parts_in_flight: Annotated[int, Field(ge=1, le=16)] = 2
    """Parts of one upload that are on their way to S3 at once; the client waits when they are all slow."""
    partial_upload: Literal["keep", "discard"] = "keep"
    """What becomes of an upload whose session ended with the file open; Transfer Family keeps it."""
    directory_listing_optimization: Literal["ENABLED", "DISABLED"] = "ENABLED"
    """`S3StorageOptions.DirectoryListingOptimization`."""
    authorisation: Literal["iam", "mapped"] = "mapped"
    """`iam` evaluates the policies of the user's role, session and bucket, which it reads from the engine;
    `mapped` allows what the user's home or mappings reach, for an engine without IAM.
    """
    policy_ttl_s: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """How long policies that were read are used: a change in IAM reaches open sessions after that."""
    set_stat_option: Literal["DEFAULT", "ENABLE_NO_OP"] = "DEFAULT"
    security_policy: str = "TransferSecurityPolicy-2024-01"
    pre_authentication_login_banner: Annotated[str, Field(max_length=4096)] = ""
    max_waiting_connections: Annotated[int, Field(ge=1)] = 1000
    """Connections that have not logged in; see `admission.py`. For each process."""
    login_timeout_s: Annotated[float, Field(gt=0)] = 120.0
    """From the connection to the end of the login."""
    login_attempts: Annotated[int, Field(ge=1, le=100)] = 6
    max_handles_per_session: Annotated[int, Field(ge=1, le=1024)] = 64
    max_channels_per_connection: Annotated[int, Field(ge=1, le=100)] = 10
    """SFTP sessions over one connection: https://docs.aws.amazon.com/general/latest/gr/transfer-service.html
    Those for the next three are there, too.
    """
    max_sessions: Annotated[int, Field(ge=1)] = 10_000
    """Of this process; a server of several workers shares its 10,000 among them."""
    idle_timeout_s: Annotated[float, Field(gt=0)] = 1800.0
    unresponsive_timeout_s: Annotated[float, Field(gt=0)] = 300.0
    """A client that answers no keep-alive message for so long is dropped."""
    drain_timeout_s: Annotated[float, Field(ge=0, le=600)] = 10.0
    """How long SIGTERM waits for open uploads."""
    retire_timeout_s: Annotated[float, Field(ge=0, le=3600)] = 300.0
    """How long SIGUSR1 waits for sessions to end by themselves, before it becomes a SIGTERM."""
    exit_with_parent: int | None = None
    """Process whose end is treated like SIGTERM."""
    open_uploads_file: Path | None = None
    """Notes which uploads are open. What a worker that was killed left there, its successor ends."""
    uploads_file: Path
    ready_file: Path

    @field_validator("security_policy")
    @classmethod
    def _published_policy(cls, name: str) -> str:
        if name not in SECURITY_POLICIES:
            raise ValueError(f"not a security policy; there are {', '.join(SECURITY_POLICIES)}")
        return name

    @model_validator(mode="after")
    def _users_from_somewhere(self) -> SftpConfig:
        if not self.users and self.store_file is None and self.identity_provider_type == "SERVICE_MANAGED":
            raise ValueError("there are neither users nor a store_file nor another identity provider")
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> SftpConfig:
        names = [user.name for user in self.users]
        if len(set(names)) != len(names):
            raise ValueError("two users have the same name")
        return self


def load(path: Path) -> SftpConfig:
    """Read and check the file.

    :raises UsageError: it cannot be read, is not JSON, or breaks a rule; all broken rules are listed
    """
    return read_config(path, SftpConfig, "the SFTP configuration")
